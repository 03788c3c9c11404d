// Return the lines of Python that the step panel shows, for every loss.
import { FORMULA } from "../../book/playground/ui/python.js";

export default () => FORMULA;
