/**
 * Where the keys of a command are, for commands whose keys the option `captureKeys` may show. An allow-list: of any
 * other command every argument is hidden.
 */
const KEYS: Record<string, 'first' | 'all' | 'pairs'> = {
  ...named('first', [
    'APPEND DECR DECRBY EXPIRE EXPIREAT EXPIRETIME GET GETDEL GETEX GETRANGE GETSET HDEL HEXISTS HGET HGETALL HINCRBY',
    'HINCRBYFLOAT HKEYS HLEN HMGET HMSET HRANDFIELD HSCAN HSET HSETNX HSTRLEN HVALS INCR INCRBY INCRBYFLOAT LINDEX',
    'LINSERT LLEN LPOP LPOS LPUSH LPUSHX LRANGE LREM LSET LTRIM PERSIST PEXPIRE PEXPIREAT PFADD PSETEX PTTL RPOP RPUSH',
    'RPUSHX SADD SCARD SET SETBIT SETEX SETNX SETRANGE SISMEMBER SMEMBERS SMISMEMBER SPOP SRANDMEMBER SREM SSCAN STRLEN',
    'SUBSTR TTL TYPE XACK XADD XDEL XLEN XPENDING XRANGE XREVRANGE XTRIM ZADD ZCARD ZCOUNT ZINCRBY ZLEXCOUNT ZMSCORE',
    'ZPOPMAX ZPOPMIN ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREM ZREVRANGE ZREVRANK ZSCAN ZSCORE',
  ]),
  ...named('all', ['DEL EXISTS MGET PFCOUNT SDIFF SINTER SUNION TOUCH UNLINK WATCH']),
  ...named('pairs', ['MSET MSETNX']),
};

function named<T>(where: T, lines: readonly string[]): Record<string, T> {
  return Object.fromEntries(lines.flatMap((line) => line.split(' ')).map((name) => [name, where]));
}

/** Arguments that are written out; the rest of a long command is `…`. */
const SHOWN = 16;

/**
 * The command line with its values hidden: `SET ? ?`, or `SET user:1 ?` when keys may be shown. The name stays as the
 * application gave it.
 *
 * @param args the arguments after the name.
 */
export function statement(name: string, args: readonly unknown[], showKeys: boolean): string {
  const where = showKeys ? KEYS[name.toUpperCase()] : undefined;
  const isKey = (index: number): boolean =>
    where === 'all' || (where === 'first' && index === 0) || (where === 'pairs' && index % 2 === 0);
  const words = args.slice(0, SHOWN).map((arg, index) => (isKey(index) ? keyText(arg) : '?'));
  if (args.length > SHOWN) words.push('…');
  return [name, ...words].join(' ');
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number') return String(key);
  return '?';
}
