import type { INestApplicationContext } from '@nestjs/common';
import { Command } from 'commander';

import { examine } from './doctor/doctor.js';
import { describeFinding } from './doctor/finding.js';

/** `doctor`: reports what is missing or misconfigured in an application. */
export function doctorCommand(
  load: () => { file: string; boot: () => Promise<INestApplicationContext> },
  print: (line: string) => void,
): Command {
  return new Command('doctor')
    .description('says what is missing or wrong, and how to fix it; exit status 1 if there is a problem')
    .option('--url <address>', 'URL of the running site, to check it from outside')
    .action(async (options: { url?: string }) => {
      const loaded = load();
      // TypeORM retries silently.
      print(`Starting ${loaded.file}; this takes half a minute if the database does not answer …`);
      const findings = await examine({ ...loaded, ...options });
      for (const line of findings.flatMap(describeFinding)) print(line);
      const problems = findings.filter(({ kind }) => kind === 'problem').length;
      const suggestions = findings.filter(({ kind }) => kind === 'advice').length;
      print(`${counted(problems, 'problem')}, ${counted(suggestions, 'suggestion')}`);
      if (problems > 0) process.exitCode = 1;
    });
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
