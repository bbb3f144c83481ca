import { shellWord } from '../../shared/shell-word.ts';

/** `unknown`: the caller may not look, or nobody answered; then it is neither well nor a problem. */
export type Level = 'ok' | 'warning' | 'unknown' | 'problem';

/** What a check has found. */
export interface Finding {
  readonly level: Level;
  /** Stable; docs/troubleshooting.md has it. Absent where all is well. */
  readonly code?: string;
  readonly sentence: string;
  /** What to do: a command or a policy statement where there is one. */
  readonly remedy: string;
  /** Policy statements that are needed, and that nobody could look for. */
  readonly statements?: readonly string[];
}

/** One thing that must be so for a deployment to work. */
export interface Check {
  /** "bucket byoi-drop in us-ashburn-1" */
  readonly name: string;
  /** What the caller needs for looking: "read buckets in compartment id …" */
  readonly right: string;
  run(): Promise<Finding[]>;
}

/** What a check found, and how bad the worst of it is. */
export interface Checked {
  readonly check: string;
  readonly level: Level;
  readonly findings: readonly Finding[];
}

export const ok = (sentence: string): Finding => ({ level: 'ok', sentence, remedy: '' });

const LEVELS: readonly Level[] = ['ok', 'warning', 'unknown', 'problem'];

export const worst = (findings: readonly Finding[]): Level =>
  LEVELS.findLast((level) => findings.some((finding) => finding.level === level)) ?? 'ok';

/** A command of the OCI CLI, as a person can paste it. */
export const oci = (...words: readonly string[]): string => `\`oci ${words.map(shellWord).join(' ')}\``;
