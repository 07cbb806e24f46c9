/** The same settings for all contenders. */
export function tune(database) {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
}
