import type { QRCodeOptions } from 'qrcode';
import { create, toBuffer, toString } from 'qrcode';

/** The number of modules per side above which a symbol is hard to scan. */
const LARGE = 65;

/** Pixels per module that a camera needs to read it from a screen, and the minimum size of a symbol. */
const MODULE_PX = 4;
const LEAST_PX = 224;

/** Modules per side of the largest symbol (ISO/IEC 18004), including its quiet zone. */
const MOST_MODULES = 177 + 2 * 4;

/**
 * Each row is stored as the difference to the one above: smaller than with the default of trying all five filters, in half the
 * time.
 */
const PNG = { filterType: 2, deflateLevel: 6, deflateStrategy: 0 };

/** Draws the QR code of a text as SVG markup. */
export async function drawSvg(text: string): Promise<string> {
  return toString(text, { ...levelFor(text), type: 'svg' });
}

/**
 * Draws the QR code of a text as a `data:` URL of a PNG image, with enough pixels per module that no screen has to enlarge it.
 */
export async function drawPng(text: string): Promise<string> {
  const picture = await toBuffer(text, { ...levelFor(text), scale: MODULE_PX, rendererOpts: PNG });
  return `data:image/png;base64,${picture.toString('base64')}`;
}

/** An SVG image as a `data:` URL. */
export function svgDataUrl(svg: string): string {
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}

/** The display width of a QR code in CSS pixels: a whole number per module, if its view box is in modules. */
export function widthOnScreen(svg: string): number {
  const units = Number(/viewBox=["']0 0 (\d+)/.exec(svg)?.[1] ?? NaN);
  if (!(units <= MOST_MODULES)) return Math.max(LEAST_PX, Math.min(units || 0, MOST_MODULES * MODULE_PX));
  return units * Math.max(MODULE_PX, Math.floor(LEAST_PX / units));
}

/** Nothing smudges a symbol on a screen, so for a long text larger modules help more than error correction. */
function levelFor(text: string): Pick<QRCodeOptions, 'errorCorrectionLevel'> {
  try {
    // Any mask will do to find the size; searching for the best one is most of the work.
    const { modules } = create(text, { errorCorrectionLevel: 'M', maskPattern: 0 });
    return { errorCorrectionLevel: modules.size <= LARGE ? 'M' : 'L' };
  } catch {
    // Too long for this level.
    return { errorCorrectionLevel: 'L' };
  }
}
