import { expect, test } from 'vitest';
import { environment, root } from './tools.mjs';

test('a child gets the folders first on its PATH, and not what npm run adds', () => {
  process.env['npm_package_name'] = 'outer';
  process.env['npm_config_registry'] = 'https://registry.example';
  const env = environment(['/somewhere/bin']);
  expect(env['PATH']?.startsWith('/somewhere/bin')).toBe(true);
  expect(env).not.toHaveProperty('npm_package_name');
  expect(env['npm_config_registry']).toBe('https://registry.example');
});

test('the root is found by its workspace file', () => {
  expect(process.cwd()).toBe(root);
});
