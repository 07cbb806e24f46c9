/**
 * Sends a form only once, however often its button is pressed: the first response changes the session's token, so a second request would
 * use an invalid one.
 */
export function submitOnce(): void {
  const sent = new WeakSet<HTMLFormElement>();
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    // A form with a ceremony isn't sent yet at this point, and prevents double submission itself.
    if (form.method !== 'post' || form.dataset['mfaCeremony']) return;
    if (sent.has(form)) event.preventDefault();
    sent.add(form);
  });
  // A page restored from the browser's back/forward cache is stale: content that is shown once must not reappear.
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload();
  });
}
