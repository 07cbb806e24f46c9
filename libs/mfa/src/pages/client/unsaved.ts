/** Asks for confirmation before the user leaves codes unsaved that are only shown once. */
export function askBeforeLeaving(): void {
  const codes = document.querySelector('[data-mfa-unsaved]');
  if (!codes) return;
  const ask = (event: Event) => event.preventDefault();
  const stop = () => window.removeEventListener('beforeunload', ask);
  window.addEventListener('beforeunload', ask);
  for (const element of codes.querySelectorAll('[data-mfa-saves]')) element.addEventListener('click', stop);
}
