import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { blankText, type SourceLanguage } from "../../../src/program/edits/blank-text.ts";
import { functionsIn } from "../../../src/program/edits/blocks.ts";
import { isKnownAt } from "../../../src/program/edits/known-at.ts";
import { freeIds } from "../../../src/program/edits/protect-ids.ts";
import { insertedCall, protectCalls, protectPlace } from "../../../src/program/edits/protect-places.ts";
import { importedName } from "../../../src/program/edits/veloc-names.ts";

const SAMPLES = join(import.meta.dirname, "../../../src/sdk/samples");

/** The text with `NEW()` inserted for a variable; where `@` stands in it is the line asked for, `$` marks its declaration. */
function inserted(marked: string, language: SourceLanguage = "c"): string {
  const lineOf = (mark: string): number => marked.slice(0, Math.max(marked.indexOf(mark), 0)).split("\n").length;
  const text = marked.replace("@", "").replace("$", "");
  const place = protectPlace(text, language, lineOf("@"), marked.includes("$") ? lineOf("$") : undefined);
  if (!place) return "nowhere";
  return text.slice(0, place.offset) + insertedCall(text, place, "NEW()") + text.slice(place.offset);
}

/** The line before the inserted one, and how far that is indented. */
function before(marked: string, language: SourceLanguage = "c"): string {
  const lines = inserted(marked, language).split("\n");
  const at = lines.findIndex((line) => line.includes("NEW()"));
  return at < 0 ? "nowhere" : `${lines[at - 1].trim()} -> ${/^\s*/.exec(lines[at])?.[0].length}`;
}

describe("where one more call that protects goes", () => {
  it("comes after the last call in the function, with its indentation", () => {
    const text = `int main(void) {
  VELOC_Init_single(0, NULL);
  VELOC_Mem_protect(0, &a, 1, sizeof a); // the first
    VELOC_Mem_protect(1, b, f("(", 3), sizeof(int)); /* the second */
  run(); @
}
`;
    assert.equal(before(text), 'VELOC_Mem_protect(1, b, f("(", 3), sizeof(int)); /* the second */ -> 4');
  });

  it("comes after what begins checkpointing where nothing is protected yet, condition and all", () => {
    const init = "if (VELOC_Init(MPI_COMM_WORLD, argv[1]) != VELOC_SUCCESS)";
    assert.equal(before(`int main() {\n  ${init} {\n    return 1;\n  }\n  run(); @\n}\n`), "} -> 2");
    assert.equal(before(`int main() {\n  ${init} return 1;\n  run(); @\n}\n`), `${init} return 1; -> 2`);
    assert.equal(before(`int main() {\n  ${init}\n    return 1;\n  else\n    go();\n  run(); @\n}\n`), "go(); -> 2");
    const both = `int main() {\n\tVELOC_Init_single(0, 0); run(); @\n}\n`;
    assert.equal(inserted(both), `int main() {\n\tVELOC_Init_single(0, 0);\n\tNEW(); run(); \n}\n`);
  });

  it("is not in a comment, a string, a directive or another function", () => {
    const text = `#define P VELOC_Mem_protect(7, 0, 0, 0)
static void other(void) { VELOC_Mem_protect(5, &o, 1, 4); }
int main(void) {
  char brace = '{', *say = "VELOC_Mem_protect(";
  VELOC_Mem_protect(0, &a, 1, 4);
  // VELOC_Mem_protect(1, &b, 1, 4);
  /* VELOC_Mem_protect(
  2, &c, 1, 4); */
  run(); @
}
`;
    assert.equal(before(text), "VELOC_Mem_protect(0, &a, 1, 4); -> 2");
  });

  it("is in the function that protects where that of the line does not", () => {
    const text = `double step(int n) {
  return n; @
}
int main(void) {
  VELOC_Mem_protect(0, &a, 1, 4);
}
`;
    assert.equal(before(text), "VELOC_Mem_protect(0, &a, 1, 4); -> 2");
    assert.equal(before("int main(void) { run(); @ }\n"), "nowhere");
  });

  it("comes after loops and conditions around a call, but stays where the checkpoints are", () => {
    const rows = "for (int i = 0; i < n; i++)";
    const call = "VELOC_Mem_protect(i, row[i], n, 8);";
    assert.equal(before(`int main() {\n  ${rows} {\n    ${call}\n  }\n  run(); @\n}\n`), "} -> 2");
    assert.equal(before(`int main() {\n  ${rows}\n    ${call}\n  run(); @\n}\n`), `${call} -> 2`);
    const loop = `int main() {\n  do {\n    ${call}\n    VELOC_Checkpoint("c", v); @\n  } while (more());\n}\n`;
    assert.equal(before(loop), `${call} -> 4`);
  });

  it("comes after the declaration of the variable, and says whether a restart came before", () => {
    const text = `int main() {
  VELOC_Mem_protect(0, &a, 1, 4);
  int late = 3; $ @
  VELOC_Restart("c", 1);
}
`;
    assert.equal(before(text), "int late = 3; -> 2");
    assert.equal(protectPlace(text.replace("$ @", ""), "c", 3, 3)?.isAfterRestart, false);
    const later = "int main() {\n  VELOC_Init_single(0, 0);\n  VELOC_Restart(n, v);\n  int x;\n  go();\n}\n";
    assert.equal(protectPlace(later, "c", 5, 4)?.isAfterRestart, true);
    assert.equal(protectPlace(later, "c", 5)?.isAfterRestart, false);
  });

  it("keeps the text's ends of lines", () => {
    const text = "int main() {\r\n  VELOC_Mem_protect(0, &a, 1, 4);\r\n  run(); @\r\n}\r\n";
    assert.equal(inserted(text), text.replace("@", "").replace("4);", "4);\r\n  NEW();"));
  });

  it("knows the functions of C++", () => {
    const text = `namespace sim {
class Grid {
 public:
  Grid(int n) : cells(n), size{n} { VELOC_Mem_protect(1, &size, 1, 4); }
  void save() const noexcept {
    auto put = [&](int id) { VELOC_Mem_protect(id, &x, 1, 4); };
    put(2); @
  }
  int table[2] = {1, 2};
};
}  // namespace sim
template <class T> void sim::Other<T>::run() { go(R"x(} ")x", 1'000, '}'); }
extern "C" { int main() { return 0; } }
`;
    const names = functionsIn(blankText(text, "c"), "c").map(({ name }) => name);
    assert.deepEqual(names, ["sim::Grid::Grid", "sim::Grid::save", "run", "main"]);
    assert.equal(before(text), "auto put = [&](int id) { VELOC_Mem_protect(id, &x, 1, 4); }; -> 4");
  });

  it("knows AssemblyScript: its imports, its functions, the program around them, lines without semicolons", () => {
    const top = `import { protect as keep, initSingle, checkpoint } from "veloc"
class Sim { run(n: i32): void { keep(9, other) } }
function protect(): void { trace("{") }
initSingle(0)
keep(0, values)
function late(): i32 { return 1 }
protect() @
`;
    assert.equal(before(top, "assemblyscript"), "keep(0, values) -> 0");
    const names = functionsIn(blankText(top, "assemblyscript"), "assemblyscript").map(({ name }) => name);
    assert.deepEqual(names, ["", "Sim#run", "protect", "late"]);
    const main = `import * as veloc from "veloc";
export function main(): i32 {
  if (veloc.initSingle(0) != veloc.SUCCESS) return 1;
  run(); @
  return 0;
}
`;
    assert.equal(before(main, "assemblyscript"), "if (veloc.initSingle(0) != veloc.SUCCESS) return 1; -> 2");
  });

  it("is before the restart in every sample", () => {
    for (const [file, language] of [
      ...["heat.c", "btree.c", "lru.c"].map((name) => [name, "c"] as const),
      ...["kv.ts", "order-book.ts"].map((name) => [name, "assemblyscript"] as const),
    ]) {
      const text = readFileSync(join(SAMPLES, file), "utf8");
      const calls = protectCalls(text, language);
      assert.ok(calls.length > 0, file);
      const last = calls[calls.length - 1];
      const place = protectPlace(text, language, last.line + 3);
      assert.ok(place, file);
      assert.equal(place.line, text.slice(0, text.indexOf("\n", last.offset)).split("\n").length, file);
      assert.equal(place.isAfterRestart, false, file);
      const { ids, isCertain } = freeIds([text], language, 2);
      assert.ok(isCertain, file);
      assert.deepEqual(ids, [calls.length, calls.length + 1], file);
    }
  });

  it("is within any text, whatever it is", () => {
    const piece = fc.constantFrom(
      ...[
        "VELOC_Mem_protect(",
        "VELOC_Init(",
        "protect(",
        "initSingle(",
        "{",
        "}",
        "(",
        ")",
        ";",
        "\n",
        "if ",
        "else ",
        "do ",
        "while ",
      ],
      ...[
        '"',
        "'",
        "/*",
        "*/",
        "//",
        "#define x \\\n",
        "int main() {",
        "x",
        "1",
        ",",
        "`",
        'import { protect, initSingle } from "veloc";\n',
      ],
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.constantFrom("c", "assemblyscript"),
        fc.nat(10),
        (pieces, language, line) => {
          const text = pieces.join("");
          assert.equal(blankText(text, language).length, text.length);
          const place = protectPlace(text, language, line + 1, line);
          if (place)
            assert.ok(place.offset >= 0 && place.offset <= text.length && place.line >= 1 && place.column >= 1);
          for (const call of protectCalls(text, language)) assert.ok(call.offset < text.length);
          assert.equal(new Set(freeIds([text], language, 3).ids).size, 3);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("variables that a call can name", () => {
  const text = `#include <veloc.h>
static int early;
void save(int by, int *of) {
  int first = 1;
  for (int i = 0; i < 3; i++) {
    int inner = i;
  }
  {
    static int apart;
  }
  VELOC_Mem_protect(0, &first, 1, 4);
  int late;
}
static int after;
int main() { int first; save(1, &first); }
`;
  const place = protectPlace(text, "c", 4);
  const known = (name: string, line: number, scope: string): boolean =>
    place !== undefined && isKnownAt(text, "c", { name, line, scope }, place);

  it("are declared before it, in the same function or outside, in a block that goes on", () => {
    assert.deepEqual(place && { line: place.line, function: place.function }, { line: 11, function: "save" });
    assert.ok(known("early", 2, ""));
    assert.ok(known("by", 3, "save") && known("of", 3, "save"));
    assert.ok(known("first", 4, "save"));
    assert.ok(!known("i", 5, "save"));
    assert.ok(!known("inner", 6, "save"));
    assert.ok(!known("apart", 9, "save"));
    assert.ok(!known("late", 12, "save"));
    assert.ok(!known("after", 14, ""));
    assert.ok(!known("first", 15, "main"));
  });

  it("of AssemblyScript may be declared after the function that the call is in", () => {
    const script = `import { protect } from "veloc";
function save(): void {
  protect(0, early);
}
const late = new StaticArray<i32>(3);
save();
protect(1, other);
const latest = new StaticArray<i32>(3);
`;
    const [inside, outside] = [3, 6].map((line) => protectPlace(script, "assemblyscript", line));
    assert.ok(inside && outside);
    assert.ok(isKnownAt(script, "assemblyscript", { name: "late", line: 5, scope: "" }, inside));
    assert.ok(isKnownAt(script, "assemblyscript", { name: "late", line: 5, scope: "" }, outside));
    assert.ok(!isKnownAt(script, "assemblyscript", { name: "latest", line: 8, scope: "" }, outside));
  });
});

describe("numbers of regions", () => {
  it("are the lowest that no source of the program uses", () => {
    const texts = [
      "#define FIRST 1 // one\nenum { A, B = 4, C };\nvoid f() { VELOC_Mem_protect(FIRST, p, 1, 4); VELOC_Mem_protect(C, p, 1, 4); }",
      "static const int mine = 0x2;\nvoid g() { VELOC_Mem_protect(0, p, 1, 4); VELOC_Mem_protect((mine), p, 1, 4); VELOC_Region_protect(3u, p, 1, 4, n); }",
    ];
    assert.deepEqual(freeIds(texts, "c", 3), { ids: [4, 6, 7], isCertain: true });
  });

  it("are far from those that a program computes", () => {
    const computed = "void f() { for (int i = 0; i < 9; i++) VELOC_Mem_protect(i, p[i], 1, 4); }";
    assert.deepEqual(freeIds([computed], "c", 1), { ids: [1000], isCertain: false });
    assert.deepEqual(freeIds([`${computed} void g() { VELOC_Mem_protect(5000, p, 1, 4); }`], "c", 1).ids, [5001]);
  });

  it("of AssemblyScript are constants, too", () => {
    const text =
      'import { protect, memProtect } from "veloc";\nconst KEYS: i32 = 0;\nenum Region { VALUES = 1 }\nprotect(KEYS, keys);\nmemProtect(Region.VALUES, p, 1, 4);\n';
    assert.deepEqual(freeIds([text], "assemblyscript", 1), { ids: [2], isCertain: true });
  });
});

describe("imports of AssemblyScript", () => {
  const withImport = (text: string, callee: string): string => {
    const { name, edit } = importedName(text, callee);
    return edit ? `${text.slice(0, edit.offset)}${edit.text}${text.slice(edit.offset)}` : `=${name}`;
  };
  it("are used as they are, or added to", () => {
    assert.equal(withImport('import { protect } from "veloc";', "protect"), "=protect");
    assert.equal(withImport('import { protect as keep } from "veloc";', "protect"), "=keep");
    assert.equal(withImport('import * as veloc from "veloc";', "memProtect"), "=veloc.memProtect");
    assert.equal(
      withImport('import { protect } from "veloc";', "memProtect"),
      'import { protect, memProtect } from "veloc";',
    );
    assert.equal(
      withImport('import {\n  protect,\n} from "veloc";', "memProtect"),
      'import {\n  protect, memProtect,\n} from "veloc";',
    );
    assert.equal(withImport("let x = 1;", "protect"), 'import { protect } from "veloc";\nlet x = 1;');
  });
});
