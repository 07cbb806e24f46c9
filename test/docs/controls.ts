import { existsSync, readFileSync } from 'node:fs';

import ts from 'typescript';

import { namedTestsOf } from '../support/named-tests.mjs';

/** A row of a table of controls: one with the columns "status" and "test". */
export interface Control {
  control: string;
  status: string;
  how: string;
  /** As it stands in the page: tests, `no test`, or a dash. */
  cell: string;
  /** `path/to/one.spec.ts › title`, or with titles of groups in between. */
  tests: string[];
}

/** A row of the threat model: one with the columns "mitigation" and "test". */
export interface Threat {
  /** `3.2`: the second one of the third flow. */
  id: string;
  /** A letter of STRIDE. */
  kind: string;
  answer: string;
  /** As it stands in the page: tests, or `no test`. */
  cell: string;
  tests: string[];
  remains: string;
}

/** In place of the name of a column: the first one, whatever it is called. */
const FIRST = '';

export function controlsOf(page: string): Control[] {
  return rowsOf(page, ['status', 'test']).map((of) => {
    const cell = of('test');
    return { control: of(FIRST), status: of('status'), how: of('how'), cell, tests: namedTestsOf(cell) };
  });
}

export function threatsOf(page: string): Threat[] {
  return rowsOf(page, ['mitigation', 'test']).map((of) => {
    const cell = of('test');
    return {
      id: of('id'),
      kind: of('kind'),
      answer: of('mitigation'),
      cell,
      tests: namedTestsOf(cell),
      remains: of('residual risk'),
    };
  });
}

/** The rows of all tables that have these columns, each as a function from the name of a column to what stands there. */
function rowsOf(page: string, columns: readonly string[]): ((name: string) => string)[] {
  return page
    .split(/\n(?!\|)/)
    .map((block) => block.trim().split('\n'))
    .flatMap(([head = '', , ...rows]) => {
      const names = cellsOf(head);
      if (!columns.every((column) => names.includes(column))) return [];
      return rows.map((row) => {
        const cells = cellsOf(row);
        return (name: string) => cells[name === FIRST ? 0 : names.indexOf(name)] ?? '';
      });
    });
}

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/**
 * The tests of a spec that run wherever the spec does: declared by `it` or `test`, in nothing but `describe`. What is skipped, or
 * declared by a function that may skip it, is none of them.
 *
 * @returns of each the titles of its groups and its own, as the source has them
 */
export function testsOf(file: string): readonly string[][] {
  const known = specs.get(file) ?? readTests(file, readSpec(file));
  specs.set(file, known);
  return known;
}

/** What was read once: a page names many tests of one spec. */
const specs = new Map<string, string[][]>();

export function readTests(file: string, source: string): string[][] {
  const tests: string[][] = [];
  const visit = (node: ts.Node, groups: readonly string[]): void => {
    if (!ts.isCallExpression(node)) return void ts.forEachChild(node, (child) => visit(child, groups));
    const name = declarerOf(node.expression);
    const [first] = node.arguments;
    const title = first && ts.isStringLiteralLike(first) ? first.text : first?.getText();
    const isGroup = name === 'describe';
    if ((name === 'it' || name === 'test') && title !== undefined) tests.push([...groups, title]);
    if (name === null) return;
    for (const argument of node.arguments) visit(argument, isGroup ? [...groups, title ?? ''] : groups);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true), []);
  return tests;
}

function readSpec(file: string): string {
  return /^(libs|apps|test)\/.*\.spec\.ts$/.test(file) && existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Functions that call what they are given, and declare nothing. */
const LOOPS = ['forEach', 'map', 'flatMap'];

/**
 * What a call declares: `describe`, `it`, `test`, also by `.each(…)`; an empty text for a loop over declarations; null for anything else.
 */
function declarerOf(callee: ts.Expression): string | null {
  if (ts.isIdentifier(callee)) return ['describe', 'it', 'test'].includes(callee.text) ? callee.text : null;
  // What each() gives back is called with the title.
  if (ts.isCallExpression(callee) && ts.isPropertyAccessExpression(callee.expression)) {
    const { name, expression } = callee.expression;
    return name.text === 'each' ? declarerOf(expression) : null;
  }
  if (ts.isTaggedTemplateExpression(callee) && ts.isPropertyAccessExpression(callee.tag)) {
    return callee.tag.name.text === 'each' ? declarerOf(callee.tag.expression) : null;
  }
  return ts.isPropertyAccessExpression(callee) && LOOPS.includes(callee.name.text) ? '' : null;
}
