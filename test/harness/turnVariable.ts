/**
 * turnVariable: names the directory that exists while a test file has the machine for itself.
 */
export const turnVariable = "WEIR_TEST_TURN"
