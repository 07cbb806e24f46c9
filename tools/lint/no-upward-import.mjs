import { dirname, relative, resolve, sep } from 'node:path';

import { LEVELS } from './levels.mjs';

const ROOT = resolve(import.meta.dirname, '../../libs/mfa/src');
const FOLDERS = LEVELS.map(([folder]) => folder);

/** The folder of a library file, as named in the list of levels; null outside the library. */
const folderOf = (file) => {
  const folder = relative(ROOT, dirname(file)).split(sep).join('/');
  return folder.startsWith('..') ? null : folder || '.';
};

/** An ESLint rule: no imports from folders later in the list of levels, and no unlisted folders. */
export const noUpwardImport = {
  meta: {
    type: 'problem',
    docs: { description: 'holds the levels of tools/lint/levels.mjs' },
    schema: [],
    messages: {
      unlisted: '`{{folder}}` is missing from tools/lint/levels.mjs: add it at its level.',
      upward: '`{{folder}}` is below `{{target}}` (tools/lint/levels.mjs): import only from lower levels.',
    },
  },
  create(context) {
    const folder = folderOf(context.filename);
    if (folder === null || context.filename.endsWith('.spec.ts')) return {};
    const level = FOLDERS.indexOf(folder);
    const check = (node, source) => {
      if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
      const target = folderOf(resolve(dirname(context.filename), source.value));
      if (target === null || target === folder) return;
      const targetLevel = FOLDERS.indexOf(target);
      if (targetLevel < 0) context.report({ node, messageId: 'unlisted', data: { folder: target } });
      else if (targetLevel > level) context.report({ node, messageId: 'upward', data: { folder, target } });
    };
    return {
      Program(node) {
        if (level < 0) context.report({ node, messageId: 'unlisted', data: { folder } });
      },
      ImportDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal),
    };
  },
};
