import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DynamicModule } from '@nestjs/common';
import { configureMfaTables } from 'nestjs-mfa';

import { createProgram } from '../../libs/mfa/src/cli/program.js';

/** The CLI on an application and a folder of its own. */
export interface TestCli {
  /** The path of a file in the folder. */
  path: (name: string) => string;
  /** The file that the commands load. */
  app: string;
  /** Runs a command and returns its output. */
  run: (...words: string[]) => Promise<string>;
  remove: () => void;
}

/** @param root creates the root module; `database` is a SQLite file, whatever the rest of the suite runs on */
export function testCli(root: (database: string) => DynamicModule): TestCli {
  configureMfaTables({});
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-cli-'));
  const path = (name: string) => join(folder, name);
  const app = path('app.module.mjs');
  // The application's file, which gets its module from here.
  Object.assign(globalThis, { nestjsMfaTestRoot: () => root(path('app.sqlite')) });
  writeFileSync(app, 'export default () => globalThis.nestjsMfaTestRoot();\nexport const empty = null;\n');
  return {
    path,
    app,
    run: async (...words) => {
      const lines: string[] = [];
      const program = createProgram((line) => lines.push(line));
      for (const command of [program, ...program.commands]) {
        command.exitOverride().configureOutput({ writeErr: (text) => lines.push(text) });
      }
      await program.parseAsync(['--app', app, ...words], { from: 'user' });
      return lines.join('\n');
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
