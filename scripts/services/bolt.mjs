import { converse } from './port.mjs';

/**
 * True when the Neo4j server at `url` has run a query. An open port is not enough: a fresh server
 * accepts connections before its database is online, and its first query takes seconds.
 * A server of the user's own, with a password that only the test knows, answers as well.
 */
export function runsQueries(url, password) {
  const isAnswer = (received) => password === undefined && received.includes('Neo.ClientError.Security');
  return query(url, password, 'RETURN 1', {}, isAnswer);
}

/** Replaces the password of a new server, which lets its user do nothing else. */
export function setPassword(url, password) {
  const statement = `ALTER CURRENT USER SET PASSWORD FROM '${initialPassword}' TO '${password}'`;
  return query(url, initialPassword, statement, { db: text('system') });
}

const initialPassword = 'neo4j';

/** Bolt 5.4: HELLO, LOGON, then RUN, PULL; each is sent when the one before has succeeded. */
function query(url, password, statement, extra, isAnswer = () => false) {
  const token =
    password === undefined
      ? { scheme: text('none') }
      : { scheme: text('basic'), principal: text('neo4j'), credentials: text(password) };
  const steps = [
    hello,
    message(0x6a, map(token)),
    message(0x10, text(statement), map({}), map(extra)),
    message(0x3f, map({ n: Buffer.from([0xff]) })),
  ];
  let step = 0;
  return converse(
    url,
    handshake,
    (received) => {
      if (step === 0 && received.length < 4) return undefined;
      if (step === 0 && received.readUInt32BE() === 0) return false;
      if (step > 0 && received.includes(failure)) return isAnswer(received);
      if (step > 0 && !received.includes(success)) return undefined;
      step += 1;
      return steps[step - 1] ?? true;
    },
    90_000,
  );
}

const handshake = Buffer.from('6060b01700040405000000000000000000000000', 'hex');
const endOfMessage = Buffer.from([0, 0]);
const success = Buffer.from([0xb1, 0x70]);
const failure = Buffer.from([0xb1, 0x7f]);

function message(tag, ...fields) {
  const body = Buffer.concat([Buffer.from([0xb0 + fields.length, tag]), ...fields]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([length, body, endOfMessage]);
}

function text(value) {
  const bytes = Buffer.from(value);
  const marker = bytes.length < 16 ? [0x80 + bytes.length] : [0xd0, bytes.length];
  return Buffer.concat([Buffer.from(marker), bytes]);
}

function map(entries) {
  const parts = Object.entries(entries).flatMap(([key, value]) => [text(key), value]);
  return Buffer.concat([Buffer.from([0xa0 + parts.length / 2]), ...parts]);
}

const hello = message(
  0x01,
  map({ user_agent: text('throughline-services/1'), bolt_agent: map({ product: text('throughline/1') }) }),
);
