import type ts from 'typescript';

/** The compiler of the application, which reads its sources as it does itself. */
export type TypeScript = typeof ts;

/** The text with other words between two positions. */
export function splice(text: string, from: number, to: number, words: string): string {
  return text.slice(0, from) + words + text.slice(to);
}

/** A source with positions, and with parents. */
export function parse(compiler: TypeScript, text: string): ts.SourceFile {
  return compiler.createSourceFile('file.ts', text, compiler.ScriptTarget.Latest, true);
}

/** All nodes in it that are of a kind, from top to bottom. */
export function nodesOf<N extends ts.Node>(
  compiler: TypeScript,
  root: ts.Node,
  isOne: (node: ts.Node) => node is N,
): N[] {
  const found: N[] = [];
  const visit = (node: ts.Node): void => {
    if (isOne(node)) found.push(node);
    compiler.forEachChild(node, visit);
  };
  visit(root);
  return found;
}

/** The property of that name, whatever it is given as. */
export function propertyOf(
  object: ts.ObjectLiteralExpression,
  name: string,
): ts.ObjectLiteralElementLike | undefined {
  return object.properties.find((one) => one.name?.getText().replace(/^(['"])(.*)\1$/, '$2') === name);
}

/** The source with an import, after those that are there. */
export function withImport(compiler: TypeScript, text: string, names: string[], from: string): string {
  const source = parse(compiler, text);
  const imports = source.statements.filter(compiler.isImportDeclaration);
  const known = new Set(
    imports.flatMap(({ importClause }) => {
      const bindings = importClause?.namedBindings;
      return bindings && compiler.isNamedImports(bindings)
        ? bindings.elements.map(({ name }) => name.text)
        : [];
    }),
  );
  const missing = names.filter((name) => !known.has(name));
  if (missing.length === 0) return text;
  const quote = imports[0]?.moduleSpecifier.getText().charAt(0) ?? "'";
  const line = `import { ${missing.join(', ')} } from ${quote}${from}${quote};`;
  const last = imports.at(-1);
  return last ? splice(text, last.end, last.end, `\n${line}`) : `${line}\n\n${text}`;
}

/** The source with further elements in an array; one on a single line becomes one of several. */
export function withElements(
  text: string,
  array: ts.ArrayLiteralExpression,
  elements: string[],
  at: 'begin' | 'end' = 'end',
): string {
  const { base, unit } = indentationAt(text, array.getStart());
  const given = array.elements.map((one) => one.getText());
  const isOneLine = !array.getText().includes('\n');
  const added = elements.map((one) => indented(one, base + unit));
  if (isOneLine) {
    const all = at === 'end' ? [...given, ...added] : [...added, ...given];
    const lines = all.map((one) => `${base}${unit}${one},\n`).join('');
    return splice(text, array.getStart(), array.end, `[\n${lines}${base}]`);
  }
  if (at === 'begin') {
    const lines = added.map((one) => `\n${base}${unit}${one},`).join('');
    return splice(text, array.getStart() + 1, array.getStart() + 1, lines);
  }
  const { end, hasTrailingComma } = array.elements;
  const lines = added.map((one) => `\n${base}${unit}${one},`).join('');
  return splice(text, end, end, `${hasTrailingComma || given.length === 0 ? '' : ','}${lines}`);
}

/** The source with further properties of an object, after those that are there. */
export function withProperties(
  text: string,
  object: ts.ObjectLiteralExpression,
  properties: string[],
): string {
  const { base, unit } = indentationAt(text, object.getStart());
  const added = properties.map((one) => indented(one, base + unit));
  const { end, hasTrailingComma, length } = object.properties;
  if (!object.getText().includes('\n')) {
    const lines = [...object.properties.map((one) => one.getText()), ...added];
    const body = lines.map((one) => `${base}${unit}${one},\n`).join('');
    return splice(text, object.getStart(), object.end, `{\n${body}${base}}`);
  }
  const lines = added.map((one) => `\n${base}${unit}${one},`).join('');
  return splice(text, end, end, `${hasTrailingComma || length === 0 ? '' : ','}${lines}`);
}

/** How the line of that position is indented, and by what a deeper one is more. */
function indentationAt(text: string, position: number): { base: string; unit: string } {
  const line = text.slice(text.lastIndexOf('\n', position - 1) + 1);
  const [base = ''] = /^[ \t]*/.exec(line) ?? [];
  const [, step = '  '] = /\n([ \t]+)\S/.exec(text) ?? [];
  return { base, unit: step.includes('\t') ? '\t' : step };
}

/** Lines but the first, moved to where they belong. */
function indented(words: string, base: string): string {
  return words.replaceAll('\n', `\n${base}`);
}
