import Bowser from 'bowser';

/** The names of browser and system in a user agent, as far as they are known. */
export interface BrowserNames {
  browser?: string;
  system?: string;
}

/** What a user agent says, for people. It says what its sender likes: it is shown, and nothing is decided by it. */
export function describeBrowser(userAgent: string | null): BrowserNames {
  if (!userAgent) return {};
  const { browser, os } = Bowser.parse(userAgent);
  return { ...(browser.name ? { browser: browser.name } : {}), ...(os.name ? { system: os.name } : {}) };
}
