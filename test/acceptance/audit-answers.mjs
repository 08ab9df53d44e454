// What others found that public programs must checkpoint, to hold an audit against: facts with their source. The programs
// themselves are not here; whoever has one with a checkpoint in its main loop audits it and gives the document:
//
//   node dist/cli.js audit PROGRAM --json > audit.json
//   node test/acceptance/audit-answers.mjs cg audit.json --protects it
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const AUTOCHECK =
  "X. Fu et al., AutoCheck: Automatically Identifying Variables for Checkpointing by Data Dependency Analysis, SC 2024, " +
  "arXiv:2408.06082; the variables that the authors' programs write and read, github.com/zRollman/AutoCheck, Benchmarks/checkpoint, b0113a8";

/**
 * `critical`: must survive. `onlyAtTheEnd`: of those, which each iteration writes before it reads them, so that only a checkpoint
 * after the last iteration needs them, and any other restores them for nothing. `outputOnly`: what changes a printed number and no
 * state. `dead`: protected for nothing in the program as it stands.
 */
export const ANSWERS = {
  cg: { about: "NPB 3.3 CG", source: AUTOCHECK, critical: ["it", "x"] },
  mg: { about: "NPB 3.3 MG", source: AUTOCHECK, critical: ["it", "u", "r"] },
  ft: { about: "NPB 3.3 FT", source: AUTOCHECK, critical: ["kt", "sums", "y"] },
  is: {
    about: "NPB 3.3 IS",
    source: AUTOCHECK,
    critical: ["iteration", "passed_verification", "key_array", "bucket_ptrs"],
    onlyAtTheEnd: ["bucket_ptrs"],
  },
  heatdis: {
    about: "VELOC's heatdis_mem, which protects i, h and g",
    source: "read by hand: github.com/ECP-VeloC/VELOC, test/heatdis_mem.c",
    critical: ["i", "g", "globalerror"],
    outputOnly: ["globalerror"],
    dead: ["h"],
  },
};

/**
 * @param answer one of `ANSWERS`
 * @param document what `audit --json` printed
 * @param isProtected names of what the audited program protects
 * @returns names: `missing` were to be found, `extra` were found beyond them, `notDead` were to be found dead
 */
export function compareAudit(answer, document, isProtected) {
  const { critical, onlyAtTheEnd = [], dead = [] } = answer;
  const found = (kind) =>
    new Set(document.findings.filter((one) => one.kind === kind).map(({ symbol }) => nameOf(symbol)));
  const unprotected = found("unprotected");
  const foundDead = found("dead");
  const wanted = critical.filter((name) => !isProtected.includes(name) && !onlyAtTheEnd.includes(name));
  const wantedDead = [...dead, ...onlyAtTheEnd].filter((name) => isProtected.includes(name));
  return {
    missing: wanted.filter((name) => !unprotected.has(name)),
    extra: [...unprotected].filter((name) => !critical.includes(name)),
    notDead: wantedDead.filter((name) => !foundDead.has(name)),
  };
}

/** `u` of `u[3].x`. */
function nameOf(symbol) {
  return /^[\w:$~/-]+/.exec(symbol)?.[0] ?? symbol;
}

function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { protects: { type: "string" } } });
  const [name, file] = positionals;
  const answer = ANSWERS[name];
  if (answer === undefined || file === undefined) {
    console.error(`${Object.keys(ANSWERS).join(", ")}, and the file with the audit's JSON, are wanted`);
    return 2;
  }
  const isProtected = values.protects?.split(",") ?? [];
  const { missing, extra, notDead } = compareAudit(answer, JSON.parse(readFileSync(file, "utf8")), isProtected);
  console.log(`${answer.about}: ${answer.critical.join(", ")} (${answer.source})`);
  console.log(`  protected       ${isProtected.join(", ") || "nothing"}`);
  console.log(`  missed          ${missing.join(", ") || "nothing"}`);
  console.log(`  not found dead  ${notDead.join(", ") || "nothing"}`);
  console.log(`  beyond          ${extra.join(", ") || "nothing"}`);
  return missing.length + notDead.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main();
