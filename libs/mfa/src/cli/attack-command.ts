import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { Command } from 'commander';

import { ATTACKS } from '../attacks/attacks.js';
import type { AttackReport } from '../attacks/reports/attack-report.js';
import { reportAsHtml } from '../attacks/reports/report-as-html.js';
import { reportAsJUnit } from '../attacks/reports/report-as-junit.js';
import { reportAsText } from '../attacks/reports/report-as-text.js';
import { runAttacks } from '../attacks/run-attacks.js';
import type { AttackTarget } from '../attacks/target/attack-target.js';
import { importFile } from '../options/import-file.js';
import { Progress } from './progress.js';

interface Options {
  html?: string;
  junit?: string;
  only?: string[];
  skip?: string[];
  list?: boolean;
}

/** `attack <file>`: attacks a running staging application from the outside. */
export function attackCommand(print: (line: string) => void): Command {
  return new Command('attack')
    .argument('[file]', 'module whose default export is the target, or a function that returns it')
    .description(
      'attacks a staging application; exit status 1 if an attack succeeded, 2 if one could not be made',
    )
    .option('--html <file>', 'write the report as an HTML page')
    .option('--junit <file>', 'write the report as JUnit XML')
    .option('--only <ids...>', 'run only these attacks')
    .option('--skip <ids...>', 'skip these attacks')
    .option('--list', 'list the attacks without running them')
    .action(async (file: string | undefined, { list, html, junit, ...which }: Options) => {
      if (list) {
        for (const { id, priority, title } of ATTACKS) print(`${priority} ${id.padEnd(40)} ${title}`);
        return;
      }
      if (file === undefined) throw new Error('Pass the file that describes the target (docs/attacks.md)');
      const report = await attack(await loadTarget(file), which);
      if (html !== undefined) await writeFile(html, reportAsHtml(report));
      if (junit !== undefined) await writeFile(junit, reportAsJUnit(report));
      print(reportAsText(report).trimEnd());
      if (report.counts.fell > 0) process.exitCode = 1;
      else if (report.counts.unclear > 0) process.exitCode = 2;
    });
}

async function attack(target: AttackTarget, which: Pick<Options, 'only' | 'skip'>): Promise<AttackReport> {
  const progress = new Progress('attack');
  const total = which.only?.length ?? ATTACKS.length - (which.skip?.length ?? 0);
  let done = 0;
  try {
    return await runAttacks(target, { ...which, onResult: () => progress.update((done += 1), total) });
  } finally {
    progress.stop();
  }
}

async function loadTarget(file: string): Promise<AttackTarget> {
  const { default: exported } = (await importFile(resolve(file))) as { default?: unknown };
  const target: unknown = typeof exported === 'function' ? await (exported as () => unknown)() : exported;
  if (typeof target === 'object' && target !== null) return target as AttackTarget;
  throw new Error(`${file} has no default export that describes a target (docs/attacks.md)`);
}
