// Reports what the package exports, with types: one file in `api/` per entry point. Fails if a file is out of date;
// `--write` updates them. This way, nothing becomes public, changes or disappears unnoticed.
//
// API Extractor would print `interface MfaRateLimitOptions extends GivenOf<typeof RATE_LIMIT_OPTIONS>`; here each
// option is named.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import prettier from 'prettier';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '..');
const SOURCES = join(ROOT, 'libs/mfa/src');
const REPORTS = join(ROOT, 'api');

const PLAIN = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;
/** Expands a type if its own name would say nothing. */
const SPELLED_OUT = PLAIN | ts.TypeFormatFlags.InTypeAlias;

const { exports: published } = JSON.parse(readFileSync(join(ROOT, 'libs/mfa/package.json'), 'utf8'));
/** The name of each entry point, and its source. */
const ENTRIES = Object.entries(published)
  .filter(([, target]) => typeof target === 'object')
  .map(([path]) => [path === '.' ? 'main' : path.slice(2), join(SOURCES, path, 'index.ts')]);

const { options } = ts.getParsedCommandLineOfConfigFile(
  join(ROOT, 'tsconfig.json'),
  {},
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: ({ messageText }) => fail(messageText) },
);
const program = ts.createProgram({
  rootNames: ENTRIES.map(([, file]) => file),
  // Reported as in strict mode, whatever else the compiler checks.
  options: { ...options, noEmit: true },
});
const checker = program.getTypeChecker();

const isOurs = (node) => node.getSourceFile().fileName.startsWith(`${SOURCES}/`);
const targetOf = (symbol) =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
const exportsOf = (file) =>
  checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)));
const EXPORTED = new Set(ENTRIES.flatMap(([, file]) => exportsOf(file)).map(targetOf));

/** Names of our types that no entry point exports. */
const HIDDEN = new Set(
  program
    .getSourceFiles()
    .filter(isOurs)
    .flatMap(({ statements }) => statements)
    .filter(
      (one) => ts.isClassDeclaration(one) || ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one),
    )
    .filter((one) => one.name && !EXPORTED.has(checker.getSymbolAtLocation(one.name)))
    .map((one) => one.name.text),
);

const fail = (message) => {
  throw new Error(String(message));
};

function signaturesOf(type, name, node) {
  return type.getCallSignatures().map((one) => `${name}${signatureText(one, node)}`);
}

/** Replaces destructured parameters by a name: how they are destructured is an implementation detail. */
function signatureText(signature, node) {
  return textWith((flags) => checker.signatureToString(signature, node, flags)).replace(
    /(?<=[(,] ?)\{[\w\s,.:]*\}(?=\??: )/g,
    'given',
  );
}

const typeText = (type, node, flags = PLAIN) =>
  textWith((given) => checker.typeToString(type, node, given), flags);

/** The compiler orders union members as it encounters them, which unrelated changes can reorder. */
function textWith(print, flags = PLAIN) {
  return print(flags).replace(/"[^"]*"(?: \| "[^"]*")+/g, (union) =>
    union.split(' | ').toSorted().join(' | '),
  );
}

/** `name?: string`, or `name(parameter: string): void`. */
function memberText(symbol, node) {
  const declared = symbol.valueDeclaration ?? symbol.declarations?.[0] ?? node;
  const type = checker.getTypeOfSymbolAtLocation(symbol, node);
  const optional = symbol.flags & ts.SymbolFlags.Optional;
  const name = /^[\w$]+$/.test(symbol.name) ? symbol.name : JSON.stringify(symbol.name);
  const prefix = [
    ts.getCombinedModifierFlags(declared) & ts.ModifierFlags.Protected ? 'protected ' : '',
    ts.getCombinedModifierFlags(declared) & ts.ModifierFlags.Static ? 'static ' : '',
  ].join('');
  if (symbol.flags & ts.SymbolFlags.Method && !optional)
    return signaturesOf(type, name, node).map((one) => `${prefix}${one};`);
  const isReadonly =
    ts.getCombinedModifierFlags(declared) & ts.ModifierFlags.Readonly ||
    (symbol.flags & ts.SymbolFlags.Accessor) === ts.SymbolFlags.GetAccessor;
  const shown = optional ? optionalText(type, node) : typeText(type, node);
  return [`${prefix}${isReadonly ? 'readonly ' : ''}${name}${optional ? '?' : ''}: ${shown};`];
}

/** The question mark covers undefined, but null must be stated. */
function optionalText(type, node) {
  if (!type.isUnion() || type.flags & ts.TypeFlags.Boolean) return typeText(type, node);
  const text = typeText(checker.getNonNullableType(type), node);
  if (!type.types.some(({ flags }) => flags & ts.TypeFlags.Null)) return text;
  return `${text.includes('=>') ? `(${text})` : text} | null`;
}

/** The members of a class or interface: its own, and those of bases that aren't exported. */
function membersOf(type, node, names = () => true) {
  return type
    .getProperties()
    .filter((one) => names(one))
    .filter((one) => {
      const declared = one.declarations?.[0];
      if (!declared) return true;
      if (ts.getCombinedModifierFlags(declared) & ts.ModifierFlags.Private) return false;
      if (ts.isPrivateIdentifier(declared.name ?? declared)) return false;
      // Named by a symbol that isn't exported.
      if (declared.name && ts.isComputedPropertyName(declared.name)) return false;
      const owner = declared.parent;
      const isNamed = ts.isClassLike(owner) || ts.isInterfaceDeclaration(owner);
      if (!isNamed || owner === node || !owner.name) return true;
      return isOurs(owner) && !EXPORTED.has(checker.getSymbolAtLocation(owner.name));
    })
    .flatMap((one) => memberText(one, node));
}

/** Nest instantiates these, so callers never use the constructor. */
function constructorOf(node) {
  const decorators = ts.getDecorators(node) ?? [];
  if (decorators.length > 0) return [];
  return node.members
    .filter(
      (one) =>
        ts.isConstructorDeclaration(one) && !(ts.getCombinedModifierFlags(one) & ts.ModifierFlags.Private),
    )
    .map(
      (one) =>
        `constructor${signatureText(checker.getSignatureFromDeclaration(one), node).replace(/: [^:]*$/, '')};`,
    );
}

const isController = (node) =>
  (ts.getDecorators(node) ?? []).some(({ expression }) => /^MfaController\b/.test(expression.getText()));

function classText(name, symbol, node) {
  // Its routes are documented in docs/openapi.json.
  if (isController(node)) return `class ${name} {}`;
  const base = node.heritageClauses?.map((clause) => clause.getText()).join(' ') ?? '';
  const isAbstract = ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Abstract;
  const own = membersOf(checker.getDeclaredTypeOfSymbol(symbol), node);
  const statics = membersOf(
    checker.getTypeOfSymbolAtLocation(symbol, node),
    node,
    ({ name: member }) => member !== 'prototype',
  );
  return block(`${isAbstract ? 'abstract ' : ''}class ${name}${parametersOf(node)} ${base}`, [
    ...constructorOf(node),
    ...statics,
    ...own,
  ]);
}

function interfaceText(name, symbol, node) {
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const bases = (checker.getBaseTypes(type) ?? []).filter(({ symbol: base }) => base && EXPORTED.has(base));
  const base = bases.length > 0 ? `extends ${bases.map((one) => typeText(one, node)).join(', ')}` : '';
  return block(`interface ${name}${parametersOf(node)} ${base}`, [
    ...membersOf(type, node),
    ...signaturesOf(type, '', node).map((one) => `${one};`),
    ...checker
      .getIndexInfosOfType(type)
      .map(
        ({ keyType, type: value }) => `[key: ${typeText(keyType)}]: ${checker.typeToString(value, node)};`,
      ),
  ]);
}

const parametersOf = ({ typeParameters }) =>
  typeParameters ? `<${typeParameters.map((one) => one.getText()).join(', ')}>` : '';

const block = (head, lines) => `${head.trim()} {\n${lines.map((line) => `  ${line}\n`).join('')}}`;

function declarationText(name, symbol) {
  const node = symbol.declarations?.[0] ?? fail(`${name} is declared nowhere`);
  const target = { class: classText, interface: interfaceText };
  if (!isOurs(node))
    return `export { ${name} } // of ${/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(node.getSourceFile().fileName)?.[1]}`;
  if (ts.isClassDeclaration(node)) return target.class(name, symbol, node);
  if (ts.isInterfaceDeclaration(node)) return target.interface(name, symbol, node);
  if (ts.isTypeAliasDeclaration(node))
    return `type ${name}${parametersOf(node)} = ${typeText(checker.getDeclaredTypeOfSymbol(symbol), node, SPELLED_OUT)};`;
  const type = checker.getTypeOfSymbolAtLocation(symbol, node);
  if (ts.isFunctionDeclaration(node))
    return signaturesOf(type, `function ${name}`, node)
      .map((one) => `${one};`)
      .join('\n');
  return `const ${name}: ${typeText(type, node)};`;
}

/** The report of an entry point: each export with its type, sorted by name. */
async function reportOf(entry, file) {
  const exported = exportsOf(file).toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const texts = exported.map((one) => declarationText(one.name, targetOf(one)));
  const hidden = [...new Set(texts.join('\n').match(/\b[A-Z]\w+/g))].filter((one) => HIDDEN.has(one)).sort();
  const title = entry === 'main' ? 'nestjs-mfa' : `nestjs-mfa/${entry}`;
  return prettier.format(
    [
      `# \`${title}\`: ${exported.length} names\n`,
      'Made by `npm run api -- --write`.\n',
      '```ts',
      texts.join('\n\n'),
      '```\n',
      ...(hidden.length > 0
        ? [`Named there, and exported nowhere: ${hidden.map((one) => `\`${one}\``).join(', ')}.\n`]
        : []),
    ].join('\n'),
    { ...(await prettier.resolveConfig(join(ROOT, 'README.md'))), parser: 'markdown' },
  );
}

mkdirSync(REPORTS, { recursive: true });
for (const [entry, file] of ENTRIES) {
  const path = join(REPORTS, `${entry}.api.md`);
  const report = await reportOf(entry, file);
  if (process.argv.includes('--write')) writeFileSync(path, report);
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== report) {
    console.error(
      `api/${entry}.api.md does not match what the code exports: run \`npm run api -- --write\`, and review what changed.`,
    );
    process.exitCode = 1;
  }
}
