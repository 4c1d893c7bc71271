// Faults that are asked for on the mesh page, and what callers make of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { accessible, base, onPage, picture, STAY, until } from './support.ts';

const MESH = { path: '/mesh' };

const rates = (page: Page) => page.locator('[data-service="rate"] .node');
const state = (page: Page, id: string): Promise<string | null> => page.locator(`.node[data-instance="${id}"]`).getAttribute('data-state');

/** Asks for hotels, several at a time, while something is done; none of the answers may be less than whole. */
async function underLoad(act: () => Promise<void>): Promise<void> {
  let isOn = true;
  let good = 0;
  const bad: string[] = [];
  const ask = async (): Promise<void> => {
    while (isOn) {
      const response = await fetch(`${base}/hotels?${STAY}`);
      const body = (await response.json()) as { degraded?: string[] };
      if (response.status === 200 && body.degraded === undefined) good += 1;
      else bad.push(`${response.status} ${JSON.stringify(body)}`);
    }
  };
  const going = Promise.all([ask(), ask()]);
  try {
    await act();
  } finally {
    isOn = false;
    await going;
  }
  assert.deepEqual(bad, [], 'no request fails');
  assert.ok(good > 0);
}

async function wish(page: Page, id: string, fields: Record<string, string>): Promise<void> {
  await page.locator('#faultInstance').selectOption(id);
  for (const [field, value] of Object.entries(fields)) await page.locator(`#${field}`).fill(value);
  await page.locator('#faultApply').click();
}

test('an instance that fails is left out, nobody notices, and it comes back', async () => {
  await onPage(MESH, async (page) => {
    await until('two of rate are there', async () => (await rates(page).count()) === 2);
    const id = (await rates(page).first().getAttribute('data-instance')) ?? '';
    await underLoad(() => failing(page, id));
  });
});

async function failing(page: Page, id: string): Promise<void> {
  await wish(page, id, { faultErrors: '100', faultLatency: '0', faultSeconds: '120' });
  await page.locator('#faultList li', { hasText: `${id}: 100 % fail` }).waitFor();
  await until('its breaker opens', async () => ['breaker_open', 'half_open'].includes((await state(page, id)) ?? ''), () => state(page, id));
  await accessible(page, 'in force');
  await picture(page, 'mesh-faults');
  await page.getByRole('button', { name: `End faults of ${id}` }).click();
  await page.locator('#faultList').waitFor({ state: 'hidden' });
  await until('it is well again', async () => (await state(page, id)) === 'passing', () => state(page, id));
}

test('an instance that holds its answers is overtaken, until that ends by itself', async () => {
  await onPage(MESH, async (page) => {
    await until('two of rate are there', async () => (await rates(page).count()) === 2);
    const id = (await rates(page).last().getAttribute('data-instance')) ?? '';
    await underLoad(() => held(page, id));
  });
});

async function held(page: Page, id: string): Promise<void> {
  await page.locator(`.node[data-instance="${id}"]`).click();
  const offered = (): Promise<string> => page.locator('#faultInstance').inputValue();
  await until('who is looked at is offered', async () => (await offered()) === id, offered);
  await page.locator('#faultPaused').check();
  await wish(page, id, { faultErrors: '0', faultLatency: '0', faultSeconds: '6' });
  await page.locator('#faultList li', { hasText: `${id}: holds its answers; ends in` }).waitFor();
  await page.locator('#detail', { hasText: 'holds its answers; ends in' }).waitFor();
  assert.equal(await page.locator(`.node[data-instance="${id}"] .faulty`).textContent(), 'fault: holds its answers');
  await page.locator('#faultList').waitFor({ state: 'hidden' });
  await page.locator('#faultSaid', { hasText: `${id}: that is over.` }).waitFor();
}

for (const isDark of [false, true]) {
  for (const isPhone of [false, true]) {
    const name = `${isPhone ? 'phone' : 'desk'}-${isDark ? 'dark' : 'light'}`;
    test(`the panel is for everybody: ${name}`, async () => {
      await onPage({ ...MESH, isPhone, isDark }, async (page) => {
        await page.locator('#faultForm').waitFor();
        await page.locator('#faultSeconds').fill('1');
        await page.locator('#faultApply').click();
        await page.getByText('Say what it is to do: be late, fail, or hold its answers.').waitFor();
        const id = await page.locator('#faultInstance').inputValue();
        await wish(page, id, { faultErrors: '0', faultLatency: '150', faultSeconds: '60' });
        await page.locator('#faultList li', { hasText: `${id}: 150 ms late; ends in` }).waitFor();
        await accessible(page, name);
        const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok((wide ?? 0) <= (seen ?? 0), 'nothing is beside the screen');
        await page.locator('#faultList').scrollIntoViewIfNeeded();
        await picture(page, `faults-${name}`);
        await page.getByRole('button', { name: `End faults of ${id}` }).click();
        await page.locator('#faultList').waitFor({ state: 'hidden' });
      });
    });
  }
}

test('a fault is asked for by keyboard alone', async () => {
  await onPage(MESH, async (page) => {
    // What is hidden takes no focus.
    await page.locator('#faultForm').waitFor();
    await page.locator('#faultInstance').focus();
    for (const key of ['Tab', '5', 'Tab', 'Tab', 'Tab', 'Tab', 'Enter']) await page.keyboard.press(key);
    await page.locator('#faultList li', { hasText: '5 ms late; ends in' }).waitFor();
    await page.locator('#faultList button').focus();
    await page.keyboard.press('Enter');
    await page.locator('#faultList').waitFor({ state: 'hidden' });
  });
});

test('what answers say of a fault is shown as text', async () => {
  const message = '<img src=x onerror=alert(1)>';
  const before = (page: Page): Promise<unknown> => page.route('**/mesh/faults/*', (route) => route.fulfill({ status: 400, json: { error: { message } } }));
  await onPage({ ...MESH, before, expected: /400/ }, async (page) => {
    await page.locator('#faultForm').waitFor();
    await page.locator('#faultLatency').fill('5');
    await page.locator('#faultApply').click();
    await page.getByText(`It is not done: ${message}`).waitFor();
    assert.equal(await page.locator('img[src="x"]').count(), 0);
  });
});

test('an instance is stopped, and leaves', async () => {
  await onPage(MESH, async (page) => {
    await until('two of rate are there', async () => (await rates(page).count()) === 2);
    const id = (await rates(page).last().getAttribute('data-instance')) ?? '';
    await underLoad(async () => {
      page.once('dialog', (dialog) => void dialog.accept());
      await page.locator('#faultInstance').selectOption(id);
      await page.locator('#faultStop').click();
      await page.getByText(`${id} leaves.`).waitFor();
      await until('it is gone', async () => (await rates(page).count()) === 1);
    });
  });
});
