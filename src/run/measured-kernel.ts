import { KERNEL_BUILDS, type KernelBuildName } from "../linux/kernel-build.ts";

/** The kernel build that a variant was measured on, or why none of those that are simulated is known to be it. */
export type MeasuredKernel = { readonly build: KernelBuildName } | { readonly reason: string };

const BUILD_OF_KEY: Readonly<Record<string, KernelBuildName>> = {
  k510_lean: "5.10-lean",
  k61_default: "6.1-default",
  k61_intel_pti_xpti: "6.1-pti",
};

/** Processors that need page-table isolation, and some that do not. Not every Intel processor does. */
const PROCESSOR_WITH_MELTDOWN =
  /\b(?:nehalem|westmere|sandy ?bridge|ivy ?bridge|haswell|broadwell|skylake|kaby ?lake)\b/i;
const PROCESSOR_WITHOUT_MELTDOWN = /\b(?:amd|epyc|opteron|ryzen|zen|qemu64)\b/i;
const MITIGATIONS_OFF = /\bmitigations ?[=:]? ?(?:off|disabled)\b|\b(?:no|without) mitigations\b|\blean\b/i;
const MITIGATIONS_ON = /\bdefault mitigations\b|\bmitigations ?[=:]? ?(?:on|auto)\b/i;
/** PTI, XPTI or both in a row, denied before or after; named without a denial they are on. */
const ISOLATION =
  /(?<denied>\b(?:no|not|without|neither)[ -]?)?\b(?<names>x?pti(?:(?:,|,? and|,? or|,? nor| ?\/| ?\+)? ?x?pti)*)\b(?<off> ?(?:=|:|is|are)? ?(?:turned |switched )?(?:off|no|0|false|disabled)\b)?/gi;

/**
 * By key, which is that of the known measurements or a build's name, or else by what key and description say of the kernel's
 * version, its page-table isolation and its mitigations. Nothing is supposed where nothing is said.
 */
export function recogniseKernel(key: string, description: string): MeasuredKernel {
  const known = Object.hasOwn(BUILD_OF_KEY, key) ? BUILD_OF_KEY[key] : KERNEL_BUILDS.find((name) => name === key);
  if (known !== undefined) return { build: known };
  const versions = [...new Set([...versionsOfKey(key), ...versionsOf(description)])];
  if (versions.length === 0) return { reason: "neither its key nor its description says which Linux it is" };
  if (versions.length > 1) return { reason: `it is said to be Linux ${versions.join(" and ")}` };
  const text = `${key.replaceAll("_", " ")}; ${description}`;
  const mitigated = isSaid(text, MITIGATIONS_ON, MITIGATIONS_OFF);
  const isolation = isolationOf(text, mitigated);
  switch (versions[0]) {
    case "5.10":
      if (isolation === "both" || isolation === "one" || mitigated !== false) {
        return {
          reason: "Linux 5.10 is simulated with mitigations=off and without PTI and XPTI, which is not what is said",
        };
      }
      return { build: "5.10-lean" };
    case "6.1":
      if (mitigated === false)
        return { reason: "Linux 6.1 is simulated with its mitigations, not with mitigations=off" };
      if (isolation === "one") {
        return { reason: "Linux 6.1 is simulated with both PTI and XPTI or with neither, not with one of them" };
      }
      if (isolation === undefined) return { reason: "it is not said whether page tables are isolated (PTI, XPTI)" };
      return { build: isolation === "both" ? "6.1-pti" : "6.1-default" };
    default:
      return { reason: `Linux ${versions[0]} is not simulated; 5.10 and 6.1 are` };
  }
}

/** Keys like k510_lean, k6_12 or linux-6.1: the major version is one digit. */
function versionsOfKey(key: string): string[] {
  const match = /^(?:k|v|linux)[_-]?(\d)[._]?(\d{1,2})(?![\d])/i.exec(key);
  return match === null ? [] : [`${match[1]}.${match[2]}`];
}

/** What follows the kernel's name, or else stands at the beginning. Other numbers are of Xen, of compilers. */
function versionsOf(description: string): string[] {
  const named = [...description.matchAll(/\b(?:linux|kernel)(?:[ -]image)?(?: kernel)?[ -]?v?(\d+)\.(\d+)/gi)];
  const matches = named.length > 0 ? named : [...description.matchAll(/^v?(\d+)\.(\d+)/g)];
  return matches.map(([, major, minor]) => `${major}.${minor}`);
}

function isSaid(text: string, yes: RegExp, no: RegExp): boolean | undefined {
  const [saysYes, saysNo] = [yes.test(text), no.test(text)];
  return saysYes === saysNo ? undefined : saysYes;
}

/** Whether Linux on bare hardware and Xen isolate page tables; undefined when it is not said, or twice. */
function isolationOf(text: string, mitigated: boolean | undefined): "both" | "one" | "none" | undefined {
  const said = { pti: new Set<boolean>(), xpti: new Set<boolean>() };
  for (const { groups } of text.matchAll(ISOLATION)) {
    const isOn = groups?.denied === undefined && groups?.off === undefined;
    for (const name of groups?.names.toLowerCase().match(/x?pti/g) ?? [])
      said[name === "xpti" ? "xpti" : "pti"].add(isOn);
  }
  if (/\bnopti\b/i.test(text)) said.pti.add(false);
  if (said.pti.size === 0 && mitigated === false) said.pti.add(false);
  if (said.pti.size > 1 || said.xpti.size > 1) return undefined;
  const processor = isSaid(text, PROCESSOR_WITH_MELTDOWN, PROCESSOR_WITHOUT_MELTDOWN);
  const [pti = processor, xpti = processor] = [[...said.pti][0], [...said.xpti][0]];
  const [ofLinux = xpti, ofXen = pti] = [pti, xpti];
  if (ofLinux === undefined || ofXen === undefined) return undefined;
  return ofLinux !== ofXen ? "one" : ofLinux ? "both" : "none";
}
