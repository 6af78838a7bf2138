import { services } from './services.mjs';

const width = Math.max(...services.map((service) => service.name.length)) + 2;

/** `redis       redis://127.0.0.1:41233  started with redis-server on PATH, 0.1 s` */
export function say(service, record, news) {
  const name = service.name.padEnd(width);
  if (record?.unavailable !== undefined) return print(`${name}unavailable: ${record.unavailable}`);
  print(`${name}${record?.url ? `${withoutPassword(record.url)}  ` : ''}${news ?? ''}`);
}

function withoutPassword(address) {
  return address.replace(/(?<=\/\/[^/@]*:)[^/@]+(?=@)/, '***');
}

function print(line) {
  process.stdout.write(`${line.trimEnd()}\n`);
}
