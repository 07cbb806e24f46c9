/** The rows of the tables in a text, without their headings, each as its cells. */
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
