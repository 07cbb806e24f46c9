// Converts the page's times, which the server renders in UTC, to the reader's time zone, as the library's pages do.
const format = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
for (const time of document.querySelectorAll('time[data-demo-local]')) {
  time.title = time.textContent;
  time.textContent = format.format(new Date(time.dateTime));
}
