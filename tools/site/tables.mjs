/** The rows of all tables in a text, without headings, each as an array of cells. */
export const rowsOf = (text) =>
  [...text.matchAll(/^\|.*\|\n\|[ |:-]+\|\n((?:\|.*\|\n)*)/gm)].flatMap(([, rows]) =>
    rows
      .trimEnd()
      .split('\n')
      .map((row) =>
        row
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim().replaceAll('\\|', '|')),
      ),
  );
