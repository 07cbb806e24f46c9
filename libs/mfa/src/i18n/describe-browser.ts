import Bowser from 'bowser';

/** The browser and operating system named in a user agent, if known. */
export interface BrowserNames {
  browser?: string;
  system?: string;
}

/** The only names ever shown. For an unknown agent, the parser would derive a name from the agent's own text. */
const BROWSERS = new Set<string>(Object.values(Bowser.BROWSER_MAP));
const SYSTEMS = new Set<string>(Object.values(Bowser.OS_MAP));

/**
 * Describes a user agent for people. Clients can send anything, so none of their own words are shown, and nothing is
 * decided by it.
 */
export function describeBrowser(userAgent: string | null): BrowserNames {
  if (!userAgent) return {};
  const { browser, os } = Bowser.parse(userAgent);
  return {
    ...(browser.name && BROWSERS.has(browser.name) ? { browser: browser.name } : {}),
    ...(os.name && SYSTEMS.has(os.name) ? { system: os.name } : {}),
  };
}
