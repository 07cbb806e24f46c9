/** Converts the times on the page from the server's UTC to the reader's time zone. */
export function showLocalTimes(): void {
  const { lang } = document.documentElement;
  const format = new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'short' });
  const formatOfToday = new Intl.DateTimeFormat(lang, { timeStyle: 'short' });
  const today = new Date().toDateString();
  for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-mfa-local]')) {
    time.title = time.textContent;
    const at = new Date(time.dateTime);
    const isToday = time.dataset['mfaLocal'] === 'soon' && at.toDateString() === today;
    time.textContent = (isToday ? formatOfToday : format).format(at);
  }
}
