/** A server that cannot be had on this machine; the message says why and what its user can do about it. */
export class Unavailable extends Error {}
