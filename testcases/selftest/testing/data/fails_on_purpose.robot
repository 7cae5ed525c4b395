*** Settings ***
Library         rig.testing.robot_library.RigLibrary
Test Tags       link:K8-C1    clause:DL/T 645-2007 7.1    known_bad:energy-scaled


*** Test Cases ***
Passes
    Identify Meter

Fails
    Identify Meter
    Frozen Registers Should Be    00

Checks Nothing
    Read Energy

Wrong Argument
    Let Time Pass    a while

Not Declared
    [Tags]    -clause:DL/T 645-2007 7.1    clause:DL/T 645-2007 7.12    requires:baud:300
    Identify Meter
