/** Where a call goes to. */
export interface ServerAddress {
  /** A host name, an address (IPv6 without brackets) or the path of a socket. */
  readonly address: string;
  readonly port?: number | undefined;
}

/** The server of a base URL, with the port that its scheme implies. `undefined` for what is no URL. */
export function serverOf(baseUrl: string | undefined): ServerAddress | undefined {
  if (baseUrl === undefined || !URL.canParse(baseUrl)) return undefined;
  const { hostname, port, protocol } = new URL(baseUrl);
  if (hostname === '') return undefined;
  return {
    address: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
  };
}
