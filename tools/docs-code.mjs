// Compiles the code of all pages under `strict`, like a reader who copies it. What a block leaves out (imports, the
// class around a method, the application's own services) is added: tools/docs-code. Blocks that occur word for word in
// a test file are compiled and run there.
import { join } from 'node:path';

import ts from 'typescript';

import { codeBlocks, isTested } from './docs-code/blocks.mjs';
import { declaredIn, importedIn, moduleOf } from './docs-code/module-of.mjs';
import { ROOT } from './support/built.mjs';

const FOLDER = join(ROOT, 'tools/docs-code');
const APPLICATION = join(FOLDER, 'application.ts');
const MODULES = join(FOLDER, 'modules.d.ts');
/** Where to find names that a block uses without importing them, in order of preference. */
const PACKAGES = [
  'nestjs-mfa',
  'nestjs-mfa/attacks',
  'nestjs-mfa/browser',
  'nestjs-mfa/claims',
  'nestjs-mfa/import',
  'nestjs-mfa/pages',
  'nestjs-mfa/testing',
  'nestjs-mfa/opentelemetry',
  'nestjs-mfa/terminus',
  '@nestjs/common',
  '@nestjs/terminus',
  '@nestjs/core',
  '@nestjs/typeorm',
  'typeorm',
  '@nestjs/platform-fastify',
  '@nestjs/websockets',
  '@nestjs/swagger',
  '@nestjs/graphql',
  '@nestjs/apollo',
  '@nestjs/testing',
  '@nestjs/jwt',
  '@nestjs/passport',
  '@nestjs/microservices',
  'node:fs',
  'node:http',
  'node:path',
];
/** "Cannot find name", also with a suggestion, for a shorthand property, and if the DOM has a type of that name. */
const UNKNOWN_NAME = new Set([2304, 2552, 2693, 18004]);

const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file));
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
Object.assign(options, {
  noEmit: true,
  noUnusedLocals: false,
  noUnusedParameters: false,
  // Readers import types and values together; their linter sorts them.
  isolatedModules: false,
  emitDecoratorMetadata: false,
});

const blocks = codeBlocks().filter(({ language }) => language !== 'js');
const files = new Map();
const parsed = new Map();
for (const [number, block] of blocks.entries()) {
  const file = join(FOLDER, `block-${number}.${block.language}`);
  const text = `${moduleOf(block)}\nexport {};\n`;
  files.set(file, { ...block, text, imports: new Map(), isTested: isTested(block.code) });
}

const host = ts.createCompilerHost(options);
const { readFile, fileExists, getSourceFile } = host;
const textOf = ({ imports, text }) =>
  [...imports]
    .map(([name, { from, isDefault }]) => `import ${isDefault ? name : `{ ${name} }`} from '${from}'; `)
    .join('') + text;
host.fileExists = (file) => files.has(file) || fileExists(file);
host.readFile = (file) => (files.has(file) ? textOf(files.get(file)) : readFile(file));
host.getSourceFile = (file, ...rest) => {
  if (files.has(file)) return ts.createSourceFile(file, textOf(files.get(file)), rest[0], true);
  if (!parsed.has(file)) parsed.set(file, getSourceFile(file, ...rest));
  return parsed.get(file);
};

const compile = (before) => ts.createProgram([...files.keys(), APPLICATION, MODULES], options, host, before);

/** Imports everything, to ask the compiler what is exported. */
const PROBE = join(FOLDER, 'probe.ts');
files.set(PROBE, {
  text: PACKAGES.map((name, index) => `import * as p${index} from '${name}';`).join('\n'),
  imports: new Map(),
  isTested: true,
});

function exportsOf(program) {
  const checker = program.getTypeChecker();
  const probe = program.getSourceFile(PROBE);
  const found = new Map();
  const add = (symbol, from) => {
    for (const { name } of checker.getExportsOfModule(symbol)) if (!found.has(name)) found.set(name, from);
  };
  add(checker.getSymbolAtLocation(program.getSourceFile(APPLICATION)), './application.js');
  for (const statement of probe.statements)
    add(checker.getSymbolAtLocation(statement.moduleSpecifier), statement.moduleSpecifier.text);
  return found;
}

/**
 * Where a name comes from: the closest earlier block of the page that declares or imports it, a later one, or a
 * package.
 */
function sourceOf(name, file, program, known) {
  const { page } = files.get(file);
  const ofPage = [...files].filter(([, one]) => one.page === page).map(([one]) => one);
  const at = ofPage.indexOf(file);
  for (const other of [...ofPage.slice(0, at).reverse(), ...ofPage.slice(at + 1)]) {
    const source = program.getSourceFile(other);
    const from = importedIn(source).get(name);
    if (from) return from;
    if (!declaredIn(source).includes(name)) continue;
    files.get(other).shown ??= new Set();
    files.get(other).shown.add(name);
    return { from: `./${other.slice(FOLDER.length + 1).replace(/\.(ts|tsx)$/, '.js')}` };
  }
  return known.has(name) && { from: known.get(name) };
}

function complete(program) {
  const known = exportsOf(program);
  for (const [file, block] of files) {
    if (block.isTested) continue;
    for (const { code, messageText } of program.getSemanticDiagnostics(program.getSourceFile(file))) {
      const [, name] = UNKNOWN_NAME.has(code) ? (/'(\w+)'/.exec(String(messageText)) ?? []) : [];
      const from = name && sourceOf(name, file, program, known);
      if (from) block.imports.set(name, from);
    }
  }
  for (const block of files.values())
    if (block.shown) {
      const names = [...block.shown].filter(
        (name) => !new RegExp(`^export .*\\b${name}\\b`, 'm').test(block.text),
      );
      block.text = block.text.replace(/export \{\};\n$/, `export { ${names.join(', ')} };\n`);
    }
}

let program = compile();
complete(program);
program = compile(program);

let wrong = 0;
const compiled = [...files].filter(([, one]) => !one.isTested);
for (const [file, { page, line }] of compiled) {
  const source = program.getSourceFile(file);
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  for (const { start, messageText, code } of found) {
    wrong += 1;
    const at = line + source.getLineAndCharacterOfPosition(start).line;
    process.stdout.write(`${page}:${at} TS${code}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}\n`);
  }
}
process.stdout.write(
  `${blocks.length} blocks: ${blocks.length - compiled.length} are code that the tests run, ${compiled.length} compiled here, ${wrong} errors\n`,
);
process.exitCode = wrong === 0 ? 0 : 1;
