import { Redis } from 'ioredis';
import { describeWithService } from '@throughline/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { statement } from '../src/statement.js';

describe('a statement', () => {
  it.each<[string, unknown[], string, string]>([
    ['GET', ['user:1'], 'GET ?', 'GET user:1'],
    ['get', ['user:1'], 'get ?', 'get user:1'],
    ['SET', ['user:1', 'SECRET', 'EX', '10', 'NX'], 'SET ? ? EX ? NX', 'SET user:1 ? EX ? NX'],
    ['set', ['user:1', 'SECRET', 'ex', 10], 'set ? ? ex ?', 'set user:1 ? ex ?'],
    ['MSET', ['a', 'SECRET', 'b', 'SECRET'], 'MSET ? ? ? ?', 'MSET a ? b ?'],
    ['DEL', ['a', 'b', 'c'], 'DEL ? ? ?', 'DEL a b c'],
    ['RENAME', ['a', 'b'], 'RENAME ? ?', 'RENAME a b'],
    ['BLPOP', ['a', 'b', '0'], 'BLPOP ? ? ?', 'BLPOP a b ?'],
    ['BITOP', ['AND', 'to', 'a', 'b'], 'BITOP ? ? ? ?', 'BITOP ? to a b'],
    ['ZADD', ['board', 'NX', '1', 'SECRET'], 'ZADD ? NX ? ?', 'ZADD board NX ? ?'],
    [
      'ZUNIONSTORE',
      ['to', '2', 'a', 'b', 'WEIGHTS', '1', '2'],
      'ZUNIONSTORE ? ? ? ? WEIGHTS ? ?',
      'ZUNIONSTORE to ? a b WEIGHTS ? ?',
    ],
    ['LMPOP', ['2', 'a', 'b', 'LEFT'], 'LMPOP ? ? ? LEFT', 'LMPOP ? a b LEFT'],
    ['EVAL', ['return "SECRET"', '1', 'a', 'SECRET'], 'EVAL ? ? ? ?', 'EVAL ? ? a ?'],
    ['FCALL', ['f', '2', 'a', 'b', 'SECRET'], 'FCALL ? ? ? ? ?', 'FCALL ? ? a b ?'],
    ['XADD', ['s', 'MAXLEN', '~', '9', '*', 'f', 'SECRET'], 'XADD ? MAXLEN ~ ? * ? ?', 'XADD s MAXLEN ~ ? * ? ?'],
    [
      'XREAD',
      ['COUNT', '1', 'STREAMS', 'a', 'b', '0', '0'],
      'XREAD COUNT ? STREAMS ? ? ? ?',
      'XREAD COUNT ? STREAMS a b ? ?',
    ],
    [
      'XREADGROUP',
      ['GROUP', 'g', 'c', 'STREAMS', 'a', '>'],
      'XREADGROUP GROUP ? ? STREAMS ? ?',
      'XREADGROUP GROUP ? ? STREAMS a ?',
    ],
    ['XGROUP', ['CREATE', 's', 'g', '$', 'MKSTREAM'], 'XGROUP CREATE ? ? $ MKSTREAM', 'XGROUP CREATE s ? $ MKSTREAM'],
    [
      'GEORADIUS',
      ['g', '1', '2', '3', 'km', 'STORE', 'to'],
      'GEORADIUS ? ? ? ? km STORE ?',
      'GEORADIUS g ? ? ? km STORE to',
    ],
    ['SCAN', ['0', 'MATCH', 'SECRET*', 'COUNT', '9'], 'SCAN ? MATCH ? COUNT ?', 'SCAN ? MATCH ? COUNT ?'],
    // Newer than the server whose metadata the table is made of.
    ['HEXPIRE', ['h', '9', 'NX', 'FIELDS', '1', 'SECRET'], 'HEXPIRE ? ? ? ? ? ?', 'HEXPIRE ? ? ? ? ? ?'],
    ['CONFIG', ['GET', 'SECRET'], 'CONFIG GET ?', 'CONFIG GET ?'],
    ['CLIENT', ['LIST', 'TYPE', 'normal'], 'CLIENT LIST TYPE normal', 'CLIENT LIST TYPE normal'],
    ['PING', [], 'PING', 'PING'],
    ['GET', [7], 'GET ?', 'GET 7'],
    ['GET', [Buffer.from('SECRET')], 'GET ?', 'GET ?'],
  ])('%s %j is %s, or with keys %s', (name, args, hidden, shown) => {
    expect(statement(name, args, false)).toBe(hidden);
    expect(statement(name, args, true)).toBe(shown);
  });

  it.each<[string, string[]]>([
    ['AUTH', ['SECRET']],
    ['AUTH', ['SECRET', 'SECRET']],
    ['HELLO', ['3', 'AUTH', 'SECRET', 'SECRET', 'SETNAME', 'SECRET']],
    ['CONFIG', ['SET', 'requirepass', 'SECRET']],
    ['ACL', ['SETUSER', 'SECRET', 'on', '>SECRET', '~SECRET']],
    ['MIGRATE', ['SECRET', '6379', 'SECRET', '0', '5', 'COPY', 'AUTH', 'SECRET', 'KEYS', 'SECRET']],
    ['migrate', ['SECRET', '6379', '', '0', '5', 'AUTH2', 'SECRET', 'SECRET', 'KEYS', 'SECRET']],
  ])('%s never shows an argument: %j', (name, args) => {
    expect(statement(name, args, true)).toMatch(/^(?:CONFIG SET|ACL SETUSER|[A-Za-z]+)(?: \?)+$/);
  });

  it('a command of a module, or one that nobody knows, shows its name', () => {
    expect(statement('FT.SEARCH', ['idx', 'SECRET', 'LIMIT', '0', '1'], true)).toBe('FT.SEARCH ? ? ? ? ?');
    expect(statement('NOSUCH', ['GET'], true)).toBe('NOSUCH ?');
  });

  it('a value that is a word of the command stays hidden where no word can be', () => {
    expect(statement('SET', ['k', 'EX'], false)).toBe('SET ? ?');
    expect(statement('CONFIG', ['SETS', 'SET'], false)).toBe('CONFIG ? ?');
  });

  it('is of limited length, whatever the program sends', () => {
    const key = 'k'.repeat(1e6);
    expect(statement('GET', [key], true)).toBe(`GET ${'k'.repeat(128)}…`);
    expect(
      statement(
        'DEL',
        Array.from({ length: 1e5 }, () => key),
        true,
      ).length,
    ).toBeLessThan(2200);
    expect(
      statement(
        'DEL',
        Array.from({ length: 17 }, () => 'a'),
        false,
      ),
    ).toBe(`DEL${' ?'.repeat(16)} …`);
  });

  it.each<[string, unknown[]]>([
    ['EVAL', ['s', 'no number', 'a']],
    ['EVAL', ['s', '1e99', 'a']],
    ['EVAL', ['s', '-3', 'a']],
    ['XREAD', ['COUNT', '1']],
    ['XREAD', ['STREAMS', 'a']],
    ['BITOP', []],
    ['BLPOP', ['a']],
    ['SET', [undefined, null, {}, Symbol('s')]],
  ])('broken commands have one, too: %s %j', (name, args) => {
    expect(statement(name, args, true)).toMatch(new RegExp(`^${name}`));
  });
});

describeWithService('redis', 'what a real server says of its commands', ({ url }) => {
  const client = new Redis(url);
  afterAll(() => client.disconnect());

  it('the keys that statements show are those of COMMAND GETKEYS', async () => {
    for (const line of [
      'GET k',
      'SET k v EX 1',
      'MSET k v k2 v',
      'DEL k k2',
      'RENAME k k2',
      'BLPOP k k2 0',
      'BITOP ? k k2 k3',
      'ZUNIONSTORE k 2 k2 k3 WEIGHTS 1 2',
      'LMPOP 2 k k2 LEFT',
      'EVAL s 2 k k2 v',
      'FCALL f 1 k v',
      'XADD k * f v',
      'XREAD COUNT 1 STREAMS k k2 0 0',
      'XREADGROUP GROUP g c STREAMS k >',
      'XGROUP CREATE k g $',
      'OBJECT ENCODING k',
      'SORT k',
      'GEORADIUS k 1 2 3 km STORE k2',
      'GETEX k EX 1',
      'COPY k k2',
      'LCS k k2',
      'ZDIFF 1 k',
      'SINTERCARD 2 k k2',
      'HSET k f v',
      'PFMERGE k k2',
      'BLMOVE k k2 LEFT RIGHT 0',
      'ZRANGESTORE k k2 0 1',
      'XAUTOCLAIM k g c 0 0',
    ]) {
      const [name = '', ...args] = line.split(' ');
      const keys = await client.call('COMMAND', ['GETKEYS', name, ...args]);
      const shown = statement(name, args, true)
        .split(' ')
        .filter((one) => /^k\d?$/.test(one));
      expect([line, shown]).toEqual([line, keys]);
    }
  });

  it('no command of the server shows a value', async () => {
    const names = (await client.call('COMMAND', ['LIST'])) as string[];
    expect(names.length).toBeGreaterThan(200);
    const args = Array.from({ length: 8 }, (_, index) => `SECRET${index}`);
    for (const name of names) {
      const [command = '', ...sub] = name.toUpperCase().split('|');
      expect(statement(command, [...sub, ...args], false)).not.toContain('SECRET');
    }
  });
});
