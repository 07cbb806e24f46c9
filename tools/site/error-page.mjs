/** The rows of the table below that heading, each as its cells. */
function rowsOf(text, heading) {
  const [section] = text.split(`\n## ${heading}\n`)[1].split('\n## ');
  return [...section.matchAll(/^\|(.*)\|$/gm)]
    .slice(2)
    .map(([, row]) => row.split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

/**
 * A heading for each error code, so that a search for a code leads to it: what the table of troubleshooting says of it, and when
 * that of the HTTP API says it comes.
 */
export function errorPage(troubleshooting, httpApi) {
  const when = rowsOf(httpApi, 'Errors');
  const sections = rowsOf(troubleshooting, 'It answers with an error').map(([cell, status, why]) => {
    const code = cell.replaceAll('`', '');
    const comes = when.filter(([, codes]) => codes.includes(cell)).map(([, , text]) => text);
    return `## ${code}\n\n**HTTP status ${status}.** ${why}.\n\n**When it comes**: ${comes.join('; ')}.\n`;
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
