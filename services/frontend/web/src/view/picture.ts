// A hotel's picture, or its monogram where there is none or it cannot be shown.

import { element } from '../dom.ts';
import { monogram, shade } from '../pure/format.ts';
import type { Hotel } from '../pure/hotel.ts';

/** So many gradients the style sheet has. */
const SHADES = 8;

export function picture(hotel: Hotel, className: string): HTMLElement {
  const frame = element(
    'div',
    { class: `${className} shade-${shade(hotel.id + hotel.name, SHADES)}`, 'aria-hidden': 'true' },
    monogram(hotel.name),
  );
  if (hotel.image !== undefined) {
    const image = element('img', { src: hotel.image, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer' });
    // The policy of the page lets pictures of this server through only.
    image.addEventListener('error', () => image.remove());
    frame.append(image);
  }
  return frame;
}
