import { redactUrl } from '@throughline/core';
import type { MessagePart } from '@throughline/core';

/** An image, a sound or a file inside a message: bytes become their type and size, an address loses its secrets. */
export function media(modality: 'image' | 'audio' | 'document', source: string, mimeType?: string): MessagePart {
  const prefix = /^data:([^;,]*)[^,]{0,100},/.exec(source);
  if (prefix === null && /^https?:/i.test(source)) return { type: 'uri', modality, uri: redactUrl(source) };
  const encoded = source.length - (prefix?.[0].length ?? 0);
  return {
    type: 'blob',
    modality,
    mime_type: prefix?.[1] === undefined || prefix[1] === '' ? mimeType : prefix[1],
    content: `${Math.floor((encoded * 3) / 4)} bytes`,
  };
}
