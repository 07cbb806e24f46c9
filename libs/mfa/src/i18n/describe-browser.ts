import Bowser from 'bowser';

/** The names of browser and system in a user agent, as far as they are known. */
export interface BrowserNames {
  browser?: string;
  system?: string;
}

/** All that is ever said. Of an agent that it does not know, the parser makes a name out of what the agent says. */
const BROWSERS = new Set<string>(Object.values(Bowser.BROWSER_MAP));
const SYSTEMS = new Set<string>(Object.values(Bowser.OS_MAP));

/**
 * What a user agent says, for people. It says what its sender likes: none of its own words are shown, and nothing is decided
 * by it.
 */
export function describeBrowser(userAgent: string | null): BrowserNames {
  if (!userAgent) return {};
  const { browser, os } = Bowser.parse(userAgent);
  return {
    ...(browser.name && BROWSERS.has(browser.name) ? { browser: browser.name } : {}),
    ...(os.name && SYSTEMS.has(os.name) ? { system: os.name } : {}),
  };
}
