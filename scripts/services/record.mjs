import { join } from 'node:path';
import { folderOf, readJson, remove, servicesFolder, writeJson } from './folder.mjs';
import { withLock } from './lock.mjs';
import { services } from './services.mjs';

/** What is known of a service: how to reach it and how to stop it, or why it cannot be had. */
export function recall(service) {
  return readJson(recordOf(service));
}

export function remember(service, record) {
  writeJson(recordOf(service), record);
}

export function forget(service) {
  remove(recordOf(service));
}

/** Writes `.services/addresses.json`, the one file that tests, demo and benchmarks read. */
export function publishAddresses() {
  return withLock(join(servicesFolder, 'addresses.lock'), () => {
    const entries = services.map((service) => [service.name, addressIn(recall(service))]);
    writeJson(join(servicesFolder, 'addresses.json'), Object.fromEntries(entries.filter(([, address]) => address)));
  });
}

function addressIn(record) {
  if (record === undefined || record.starting) return undefined;
  const { url, urls, query, unavailable } = record;
  return { url, urls, query, unavailable };
}

function recordOf(service) {
  return join(folderOf(service.name), 'record.json');
}
