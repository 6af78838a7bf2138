/**
 * What a server, or a program without types, really gives: each declared field can be missing or null. Servers that
 * speak OpenAI's protocol leave out what they do not have.
 */
export type Wire<T> = T extends string | number | boolean
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Wire<Item>[]
    : T extends object
      ? { readonly [Field in keyof T]?: Wire<T[Field]> | null | undefined }
      : T;
