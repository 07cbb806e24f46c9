import type { INestApplicationContext } from '@nestjs/common';
import { Command } from 'commander';

import { examine } from './doctor/doctor.js';
import { describeFinding } from './doctor/finding.js';

/** `doctor`: says what is missing in an application or wrong with it. */
export function doctorCommand(
  load: () => { file: string; boot: () => Promise<INestApplicationContext> },
  print: (line: string) => void,
): Command {
  return new Command('doctor')
    .description(
      'says what is missing or wrong, and what helps; exit status 1 when something has to be mended',
    )
    .option('--url <address>', 'where the running site answers, to look at it from outside')
    .action(async (options: { url?: string }) => {
      const loaded = load();
      // TypeORM tries again and again, without a word.
      print(`Starting ${loaded.file}; a database that does not answer takes half a minute …`);
      const findings = await examine({ ...loaded, ...options });
      for (const line of findings.flatMap(describeFinding)) print(line);
      const count = (kind: string) => findings.filter((one) => one.kind === kind).length;
      print(`${count('problem')} to mend, ${count('advice')} to think about`);
      if (count('problem') > 0) process.exitCode = 1;
    });
}
