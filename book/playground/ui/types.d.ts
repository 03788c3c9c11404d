/** The bundle itself, a named function: its text is the program of the worker. */
declare const gan: Function;
declare module '*.css' {
  const text: string;
  export default text;
}
declare var ganWords: Record<string, any>;
