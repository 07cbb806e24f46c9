/** What the doctor says of one thing. */
export interface Finding {
  /** `problem`: it has to be mended; `advice`: it may be meant so. */
  kind: 'fine' | 'advice' | 'problem';
  /** In one sentence. */
  what: string;
  remedy?: string;
}

export const fine = (what: string): Finding => ({ kind: 'fine', what });
export const advice = (what: string, remedy: string): Finding => ({ kind: 'advice', what, remedy });
export const problem = (what: string, remedy: string): Finding => ({ kind: 'problem', what, remedy });

const MARKS: Record<Finding['kind'], string> = { fine: 'ok', advice: 'advice', problem: 'PROBLEM' };

/** The lines of a finding. */
export function describeFinding({ kind, what, remedy }: Finding): string[] {
  const mark = MARKS[kind].padEnd(8);
  return [`${mark} ${what}`, ...(remedy === undefined ? [] : [`${' '.repeat(9)}→ ${remedy}`])];
}
