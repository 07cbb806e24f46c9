import type ts from 'typescript';

/** The application's own compiler, so that its sources are parsed the way it parses them. */
export type TypeScript = typeof ts;

/** Replaces the text between two positions. */
export function splice(text: string, from: number, to: number, words: string): string {
  return text.slice(0, from) + words + text.slice(to);
}

/** Parses a source, with positions and parent links. */
export function parse(compiler: TypeScript, text: string): ts.SourceFile {
  return compiler.createSourceFile('file.ts', text, compiler.ScriptTarget.Latest, true);
}

/** All nodes of a kind, in document order. */
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

/** The property with that name, in any syntactic form. */
export function propertyOf(
  object: ts.ObjectLiteralExpression,
  name: string,
): ts.ObjectLiteralElementLike | undefined {
  return object.properties.find((one) => one.name?.getText().replace(/^(['"])(.*)\1$/, '$2') === name);
}

/** Adds an import after the existing ones. */
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

/** Adds elements to an array literal; a single-line array becomes a multi-line one. */
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

/** Adds properties to an object literal, after the existing ones. */
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

/** The indentation of the line at a position, and the unit of one further level. */
function indentationAt(text: string, position: number): { base: string; unit: string } {
  const line = text.slice(text.lastIndexOf('\n', position - 1) + 1);
  const [base = ''] = /^[ \t]*/.exec(line) ?? [];
  const [, step = '  '] = /\n([ \t]+)\S/.exec(text) ?? [];
  return { base, unit: step.includes('\t') ? '\t' : step };
}

/** Indents all lines but the first. */
function indented(words: string, base: string): string {
  return words.replaceAll('\n', `\n${base}`);
}
