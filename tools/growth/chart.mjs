// A chart of how flows scale with the number of users: the 8 kB pages that the database reads, which don't depend on
// machine load as times do.
const WIDTH = 720;
const HEIGHT = 380;
const PLOT = { top: 64, bottom: 320, left: 56, width: 410 };
const LEGEND_LEFT = 500;

/** Named as in the tables; distinguished by color and by marker. */
const LINES = [
  ['guard, verified', '#1b6ac9', 'circle'],
  ['login with a factor', '#b4530a', 'square'],
  ['sign-in with TOTP', '#0f7b5f', 'triangle'],
  ['sign-in with a recovery code', '#8a3fc0', 'diamond'],
  ['sign-in with WebAuthn', '#c2255c', 'circle'],
  ['status', '#5c6370', 'square'],
];

const power = (users) => {
  const digits = '⁰¹²³⁴⁵⁶⁷⁸⁹';
  return `10${digits[Math.round(Math.log10(users))]}`;
};

/** A round maximum for the axis, and the distance of grid lines. */
function scaleOf(values) {
  const greatest = Math.max(...values);
  const unit = 10 ** Math.floor(Math.log10(greatest));
  const step = [0.2, 0.5, 1, 2].map((part) => part * unit).find((one) => greatest / one <= 6);
  return { step, top: Math.ceil(greatest / step) * step };
}

const mark = (shape, x, y, colour) =>
  ({
    circle: `<circle cx="${x}" cy="${y}" r="4" fill="${colour}"/>`,
    square: `<rect x="${x - 3.5}" y="${y - 3.5}" width="7" height="7" fill="${colour}"/>`,
    triangle: `<path d="M${x} ${y - 5}l5 9h-10z" fill="${colour}"/>`,
    diamond: `<path d="M${x} ${y - 5.5}l5.5 5.5l-5.5 5.5l-5.5-5.5z" fill="${colour}"/>`,
  })[shape];

function plot(results, title, read) {
  const { left } = PLOT;
  const { step, top } = scaleOf(LINES.flatMap(([name]) => results.map((one) => read(one, name))));
  const least = Math.log10(results[0].users);
  const most = Math.log10(results.at(-1).users);
  const round = (value) => Number(value.toFixed(1));
  const xOf = (users) => round(left + ((Math.log10(users) - least) / (most - least)) * PLOT.width);
  const yOf = (value) => round(PLOT.bottom - (value / top) * (PLOT.bottom - PLOT.top));
  const grid = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => {
    const value = Number((index * step).toPrecision(3));
    const y = yOf(value);
    return (
      `<path d="M${left} ${y}h${PLOT.width}" stroke="#d9dce1"/>` +
      `<text x="${left - 8}" y="${y + 4}" text-anchor="end">${value}</text>`
    );
  });
  const axis = results.map(
    ({ users }) =>
      `<text x="${xOf(users)}" y="${PLOT.bottom + 20}" text-anchor="middle">${power(users)}</text>`,
  );
  const lines = LINES.map(([name, colour, shape]) => {
    const points = results.map((one) => [xOf(one.users), yOf(read(one, name))]);
    const path = points.map((point) => point.join(' ')).join('L');
    const marks = points.map(([x, y]) => mark(shape, x, y, colour)).join('');
    return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>${marks}`;
  });
  const middle = left + PLOT.width / 2;
  return [
    `<text x="${left}" y="${PLOT.top - 18}" class="title">${title}</text>`,
    ...grid,
    ...axis,
    `<text x="${middle}" y="${PLOT.bottom + 42}" text-anchor="middle">users</text>`,
    ...lines,
  ];
}

/** @returns the chart as SVG */
export function chart(results) {
  const legend = LINES.map(([name, colour, shape], index) => {
    const y = PLOT.top + 16 + index * 24;
    return `${mark(shape, LEGEND_LEFT + 6, y - 4, colour)}<text x="${LEGEND_LEFT + 20}" y="${y}">${name}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Pages that PostgreSQL reads for a request, by number of users">`,
    '<style>text { font: 12px system-ui, sans-serif; fill: #24292f } .title { font-size: 14px; font-weight: 600 }</style>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...plot(
      results,
      'Pages that PostgreSQL reads for a request',
      ({ costs }, name) => costs.get(name).buffers,
    ),
    ...legend,
    '</svg>',
    '',
  ].join('\n');
}
