import type { QRCodeOptions } from 'qrcode';
import { create, toBuffer, toString } from 'qrcode';

/** Modules along a side from which on a symbol is hard to hold in front of a camera. */
const LARGE = 65;

/** Points of a screen that a module needs to be read from it, and those that a small symbol fills. */
const MODULE_PX = 4;
const LEAST_PX = 224;

/** Modules along the side of the largest symbol (ISO/IEC 18004), with the margin that belongs to it. */
const MOST_MODULES = 177 + 2 * 4;

/** Each row of points minus the one above it: smaller than the default of trying all five filters, in half of the time. */
const PNG = { filterType: 2, deflateLevel: 6, deflateStrategy: 0 };

/** The QR code of a text as SVG markup. */
export async function drawSvg(text: string): Promise<string> {
  return toString(text, { ...levelFor(text), type: 'svg' });
}

/** The QR code of a text as a `data:` URL of a PNG picture, with so many points to a module that no screen has to enlarge it. */
export async function drawPng(text: string): Promise<string> {
  const picture = await toBuffer(text, { ...levelFor(text), scale: MODULE_PX, rendererOpts: PNG });
  return `data:image/png;base64,${picture.toString('base64')}`;
}

/** An SVG picture as a `data:` URL. */
export function svgDataUrl(svg: string): string {
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}

/** How wide to show a QR code, in CSS pixels: whole ones to each module, where its view box counts in modules. */
export function widthOnScreen(svg: string): number {
  const units = Number(/viewBox=["']0 0 (\d+)/.exec(svg)?.[1] ?? NaN);
  if (!(units <= MOST_MODULES)) return Math.max(LEAST_PX, Math.min(units || 0, MOST_MODULES * MODULE_PX));
  return units * Math.max(MODULE_PX, Math.floor(LEAST_PX / units));
}

/** On a screen nothing smudges a symbol: for a long text, larger modules help more than what can be corrected. */
function levelFor(text: string): Pick<QRCodeOptions, 'errorCorrectionLevel'> {
  try {
    // Any mask will do to learn the size; to look for the best one is most of the work.
    const { modules } = create(text, { errorCorrectionLevel: 'M', maskPattern: 0 });
    return { errorCorrectionLevel: modules.size <= LARGE ? 'M' : 'L' };
  } catch {
    // Too much for this level.
    return { errorCorrectionLevel: 'L' };
  }
}
