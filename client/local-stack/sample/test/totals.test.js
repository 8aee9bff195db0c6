import assert from 'node:assert/strict';
import { test } from 'node:test';
import { netOf } from '../lib/totals.js';

test('a basket is worth the sum of its items', () => {
  assert.equal(netOf([{ name: 'Cup', price: 450, count: 4 }]), 1800);
});

test('an empty basket is worth nothing', () => {
  assert.equal(netOf([]), 0);
});
