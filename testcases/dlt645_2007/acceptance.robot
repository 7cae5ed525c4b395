*** Settings ***
Documentation       Acceptance of a single-phase DL/T 645-2007 meter, as a lab technician does it at the bench:
...                 connect, identify, inject load, read, judge, trip, close, freeze.
Library             rig.testing.robot_library.RigLibrary
Test Tags           link:K8-C1


*** Test Cases ***
Connect And Identify The Meter
    [Documentation]    The meter on the line tells its address, and it is the one on the nameplate.
    [Tags]    clause:DL/T 645-2007 7.4    title_zh:连接并识别电能表    known_bad:read-address-reversed
    ${address} =    Identify Meter
    Record    address    ${address}

The Meter Registers The Energy That Is Injected
    [Documentation]    Ten minutes of half the maximum current; the register gains what was injected.
    [Tags]    clause:DL/T 645-2007 A.1    criterion:DLT645.ENERGY_PLAUSIBLE    needs:source    bench_time:620
    ...    title_zh:注入负荷并核对电能    known_bad:energy-scaled
    Start Energy Comparison
    Inject Load    0.5 Imax    1
    Let Time Pass    10 min
    Remove Load
    Registered Energy Should Match The Injected Energy    DLT645.ENERGY_PLAUSIBLE

The Meter Shows The Voltage On Its Terminals
    [Documentation]    With the rated voltage on the meter its display item for the voltage agrees.
    [Tags]    clause:DL/T 645-2007 A.3    criterion:DLT645.VARIABLE_PLAUSIBLE    needs:source
    ...    title_zh:核对电压示值    known_bad:voltage-scaled
    Inject Load    10 Itr    1
    Let Time Pass    5 s
    Voltage Should Match The Source    DLT645.VARIABLE_PLAUSIBLE

The Clock Can Be Set
    [Documentation]    After setting, the meter's clock shows the time that was written and runs on from it.
    [Tags]    clause:DL/T 645-2007 A.5    criterion:DLT645.CLOCK_READING    needs:password:4
    ...    title_zh:设置时钟    known_bad:clock-goes-forward-only
    Set Meter Clock    behind=30 min
    Meter Clock Should Match The Time Set    DLT645.CLOCK_READING
    Set Meter Clock
    Meter Clock Should Match The Time Set    DLT645.CLOCK_READING

The Relay Trips And Closes
    [Documentation]    After the trip command the status word shows the relay open, after the close command closed.
    [Tags]    clause:DL/T 645-2007 E.1CH    requires:function:1C    requires:option:relay    needs:password:2
    ...    title_zh:跳闸与合闸    known_bad:trip-without-effect    known_bad:close-without-effect    known_bad:relay-status-stuck
    Trip Relay
    Relay Should Be    open
    Close Relay
    Relay Should Be    closed

A Freeze Keeps The Registers
    [Documentation]    The frozen copy equals the registers at the moment of the command.
    [Tags]    clause:DL/T 645-2007 A.6    title_zh:冻结    known_bad:frozen-energy-wrong    known_bad:instant-freeze-not-stored
    ${registers} =    Read Energy Registers
    Freeze Registers
    Frozen Registers Should Be    ${registers}
