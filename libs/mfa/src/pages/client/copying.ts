/** Sets up the buttons that copy the content they refer to, and confirm it. */
export function setUpCopying(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-mfa-copy]')) {
    const name = button.textContent;
    const { mfaCopy: text = '', mfaDone: done = '' } = button.dataset;
    button.addEventListener('click', () => {
      void navigator.clipboard.writeText(text).then(() => {
        button.textContent = done;
        setTimeout(() => (button.textContent = name), 2000);
      });
    });
  }
}

export function setUpPrinting(): void {
  for (const button of document.querySelectorAll('[data-mfa-print]')) {
    button.addEventListener('click', () => window.print());
  }
}
