/** The same settings for all, whoever opens the file. */
export function tune(database) {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
}
