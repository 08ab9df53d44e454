import { noLines } from "../lines/offset-table.ts";
import { CompileError, type Diagnostic, type Program } from "../program.ts";
import { readUserText } from "./user-files.ts";

/** `file.wat:2:5: error: ...`, and perhaps the text and a mark below it. */
const PLACED = /^(.*?):(\d+):(\d+): (error|warning): (.*)$/;

/**
 * Assembles a program in WebAssembly's text format. Its functions have names, its instructions no lines: the assembler
 * does not say which line an instruction came from.
 * @throws CompileError with the assembler's messages
 */
export async function loadWat(path: string, workingDirectory: string): Promise<Program> {
  const text = readUserText(path, workingDirectory);
  const { default: initialize } = await import("wabt");
  const wabt = await initialize();
  try {
    const module = wabt.parseWat(path, text, {
      bulk_memory: true,
      exceptions: true,
      multi_value: true,
      mutable_globals: true,
      reference_types: true,
      sat_float_to_int: true,
      sign_extension: true,
      simd: true,
      tail_call: true,
    });
    try {
      module.resolveNames();
      module.validate();
      const { buffer } = module.toBinary({ write_debug_names: true });
      return { path, language: "wat", wasm: buffer, lines: noLines, sources: new Map([[path, text]]), diagnostics: [] };
    } finally {
      module.destroy();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CompileError(message.trim(), parseMessages(message));
  }
}

function parseMessages(text: string): readonly Diagnostic[] {
  return text.split("\n").flatMap((line) => {
    const match = PLACED.exec(line);
    if (!match) return [];
    const [, file, lineNumber, column, severity, message] = match;
    return [
      {
        severity: severity === "warning" ? "warning" : "error",
        file,
        line: Number(lineNumber),
        column: Number(column),
        message,
      } as const,
    ];
  });
}
