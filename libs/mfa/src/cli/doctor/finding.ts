/** The result of one check. */
export interface Finding {
  /** `problem`: must be fixed; `advice`: may be intended. */
  kind: 'fine' | 'advice' | 'problem';
  /** One sentence. */
  what: string;
  remedy?: string;
}

export const fine = (what: string): Finding => ({ kind: 'fine', what });
export const advice = (what: string, remedy: string): Finding => ({ kind: 'advice', what, remedy });
export const problem = (what: string, remedy: string): Finding => ({ kind: 'problem', what, remedy });

const MARKS: Record<Finding['kind'], string> = { fine: 'ok', advice: 'advice', problem: 'PROBLEM' };

/** Formats a finding as lines. */
export function describeFinding({ kind, what, remedy }: Finding): string[] {
  const mark = MARKS[kind].padEnd(8);
  return [`${mark} ${what}`, ...(remedy === undefined ? [] : [`${' '.repeat(9)}→ ${remedy}`])];
}
