// Shows the moments of the page, which the server writes in UTC, in the reader's time zone, as the library's pages do.
const format = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
for (const time of document.querySelectorAll('time[data-demo-local]')) {
  time.title = time.textContent;
  time.textContent = format.format(new Date(time.dateTime));
}
