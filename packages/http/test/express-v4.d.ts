declare module 'express-v4' {
  export { default } from 'express';
}
