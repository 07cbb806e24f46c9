// Sends each form once, however often its button is pressed. A sign-in that is sent twice would use the token of a trusted browser twice,
// which ends the trust.
const sent = new WeakSet();
document.addEventListener('submit', (event) => {
  if (sent.has(event.target)) event.preventDefault();
  sent.add(event.target);
});
// A page that the browser kept has sent its forms already.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});
