import { rowsOf } from './tables.mjs';

const chapter = (text, heading) => text.split(`\n## ${heading}\n`)[1].split('\n## ')[0];

/**
 * A heading for each error code, so that searches for a code find it, with its entries in the troubleshooting and HTTP
 * API tables.
 */
export function errorPage(troubleshooting, httpApi) {
  const when = rowsOf(chapter(httpApi, 'Errors'));
  const sections = rowsOf(chapter(troubleshooting, 'It answers with an error')).map(([cell, status, why]) => {
    const code = cell.replaceAll('`', '');
    const comes = when.filter(([, codes]) => codes.includes(cell)).map(([, , text]) => text);
    const then = comes.length > 0 ? `\n**When it comes**: ${comes.join('; ')}.\n` : '';
    return `## ${code}\n\n**HTTP status ${status}.** ${why}.\n${then}`;
  });
  return [
    '# Error codes\n',
    'Every refusal of the module is JSON with `statusCode`, `error`, `message` and `code`. Decide by `code`: it never changes its meaning, while messages are in the',
    'language of the user.\n',
    ...sections,
  ]
    .join('\n')
    .replaceAll('..\n', '.\n');
}
