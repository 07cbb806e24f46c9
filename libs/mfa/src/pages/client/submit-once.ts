/**
 * Sends a form once, however often its button is pressed: the first answer changes the session's token, and the second
 * request would come with a dead one.
 */
export function submitOnce(): void {
  const sent = new WeakSet<HTMLFormElement>();
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    // Of a form with a ceremony this is not yet the sending; the ceremony sees to it itself.
    if (form.method !== 'post' || form.dataset['mfaCeremony']) return;
    if (sent.has(form)) event.preventDefault();
    sent.add(form);
  });
  // A page that comes back out of the browser's memory is stale: what is shown once must not be there again.
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload();
  });
}
