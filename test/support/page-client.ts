import type { Answer } from './client.js';
import { Client } from './client.js';

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** What an attribute or a text of the HTML says. */
export function unescapeHtml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '');
}

/** The hidden fields of the first form of a page that has them. */
export function hiddenFields(html: string): Record<string, string> {
  const [form = ''] = /<form[^>]*method="post"[\s\S]*?<\/form>/.exec(html) ?? [];
  return Object.fromEntries(
    [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [
      name as string,
      unescapeHtml(value as string),
    ]),
  );
}

/** The secret of an authenticator app that is being set up. */
export function secretOf(html: string): string {
  return /data-mfa-copy="([A-Z2-7]+)"/.exec(html)?.[1] ?? '';
}

/** The recovery codes that a page shows. */
export function codesOf(html: string): string[] {
  return [...html.matchAll(/<code>(\d{8})<\/code>/g)].map(([, code]) => code as string);
}

/** The text that readers see. */
export function textOf(html: string): string {
  const body = html.slice(html.indexOf('<body')).replace(/<noscript>[\s\S]*?<\/noscript>/g, '');
  return unescapeHtml(body.replace(/<[^>]+>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
}

/** A browser without JavaScript: it asks for HTML, sends forms, and is told where to go. */
export class PageClient extends Client {
  static of(client: Client): PageClient {
    const pages = new PageClient(client.url, { ...client.headers, accept: 'text/html,*/*;q=0.8' });
    for (const [name, value] of client.cookies) pages.cookies.set(name, value);
    return pages;
  }

  /** Sends the form of the page at this address, with what the page put into it. */
  async submit(path: string, fields: Record<string, string> = {}, shown?: Answer): Promise<Answer> {
    const page = shown ?? (await this.get(path));
    return this.form(path, { ...hiddenFields(page.text), ...fields });
  }

  /** Sends just these fields. */
  form(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, new URLSearchParams(fields).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    });
  }

  /** Where an answer leads. */
  static location({ headers }: Answer): string {
    return headers.get('location') ?? '';
  }
}
