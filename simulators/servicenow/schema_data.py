# ruff: noqa: E501 - the lines are a table
"""Tables and columns of the simulated instance, as text.

One line per table: `name < parent : columns`. A column is `name`, with `>table` for a reference, `#list` for a choice of
`CHOICES`, `@` for a date and time, `@@` for a date, `%` for a number, `?` for true/false, `$` for money, `=length` for a
length other than 255, `!` for mandatory. Columns of the parents are inherited.

Names, types and choices: classes and attributes of docs_cmdb/class-hardware.md and class-computer.md, the answers in
examples.json, and the column lists and real records of a developer instance (data `itsm-workarena-servicenow`).
"""

from __future__ import annotations

TABLES = """
cmdb < : sys_class_path sys_domain>sys_user_group sys_domain_path
cmdb_ci < cmdb : name asset>alm_asset asset_tag=40 assigned@ assigned_to>sys_user assignment_group>sys_user_group \
 attestation_status attributes business_unit can_print? category change_control>sys_user_group checked_in@ checked_out@ \
 comments=4000 company>core_company correlation_id=100 cost$ cost_cc=3 cost_center>cmn_cost_center delivery_date@ \
 department>cmn_department discovery_source#discovery_source=40 dns_domain due@ due_in duplicate_of>cmdb_ci \
 environment fault_count% first_discovered@ fqdn gl_account=40 install_date@ install_status#ci_install_status=40 \
 invoice_number=40 ip_address=255 justification=80 last_discovered@ lease_id=40 life_cycle_stage \
 life_cycle_stage_status location>cmn_location mac_address=18 maintenance_schedule managed_by>sys_user \
 managed_by_group>sys_user_group manufacturer>core_company model_id>cmdb_model model_number monitor? \
 operational_status#operational_status=40 order_date@ owned_by>sys_user po_number=40 purchase_date@@ schedule \
 serial_number=255 short_description=1000 skip_sync? start_date@ subcategory support_group>sys_user_group \
 supported_by>sys_user unverified? used_for vendor>core_company warranty_expiration@@
cmdb_ci_hardware < cmdb_ci : default_gateway hardware_status#hardware_status=40 hardware_substatus#hardware_substatus=40
cmdb_ci_computer < cmdb_ci_hardware : cd_rom? cd_speed% chassis_type cpu_core_count% cpu_core_thread% cpu_count% \
 cpu_manufacturer>core_company cpu_name cpu_speed% cpu_type disk_space% floppy form_factor host_name object_id os \
 os_address_width% os_domain os_service_pack os_version ram% virtual?
cmdb_ci_pc_hardware < cmdb_ci_computer :
cmdb_ci_server < cmdb_ci_computer : classification used_for_server dr_backup>cmdb_ci firewall_status
cmdb_ci_win_server < cmdb_ci_server :
cmdb_ci_unix_server < cmdb_ci_server :
cmdb_ci_linux_server < cmdb_ci_server : kernel_release
cmdb_ci_esx_server < cmdb_ci_server :
cmdb_ci_netgear < cmdb_ci_hardware : can_route? can_switch? can_hub? device_type firmware_version ports% ram% \
 channels% hardware_version
cmdb_ci_ip_switch < cmdb_ci_netgear :
cmdb_ci_ip_router < cmdb_ci_netgear :
cmdb_ci_ip_firewall < cmdb_ci_netgear :
cmdb_ci_wap_network < cmdb_ci_netgear :
cmdb_ci_lb < cmdb_ci_netgear :
cmdb_ci_printer < cmdb_ci_hardware : colors% print_type resolution use_count%
cmdb_ci_peripheral < cmdb_ci_hardware :
cmdb_ci_msd < cmdb_ci_hardware : device_type disk_space%
cmdb_ci_mass_storage_device < cmdb_ci_hardware : device_type
cmdb_ci_storage_server < cmdb_ci_hardware :
cmdb_ci_ups < cmdb_ci_hardware :
cmdb_ci_pdu < cmdb_ci_hardware :
cmdb_ci_comm < cmdb_ci_hardware : phone_number
cmdb_ci_ip_phone < cmdb_ci_comm :
cmdb_ci_handheld_computing < cmdb_ci_hardware : os os_version imei=40 phone_number ram% disk_space%
cmdb_ci_display_hardware < cmdb_ci_hardware : screen_size
cmdb_ci_vm_object < cmdb_ci : object_id state
cmdb_ci_vm_instance < cmdb_ci_vm_object : bios_uuid cpus% disks_size% guest_os_fullname guest_os_fullname_text memory% \
 nics% vm_inst_id
cmdb_ci_network_adapter < cmdb_ci : cmdb_ci>cmdb_ci alias dhcp_enabled? ip_default_gateway mac_manufacturer netmask \
 virtual?
cmdb_ci_ip_address < cmdb_ci : nic>cmdb_ci_network_adapter netmask ip_version
cmdb_ci_disk < cmdb_ci : computer>cmdb_ci_hardware device_id size_bytes% storage_type
cmdb_ci_spkg < cmdb_ci : version install_count% key
cmdb_ci_service < cmdb_ci : busines_criticality service_classification
cmdb_serial_number < : cmdb_ci>cmdb_ci serial_number serial_number_type=40 valid? absent?
cmdb_software_instance < : name installed_on>cmdb_ci software>cmdb_ci_spkg
cmdb_rel_ci < : parent>cmdb_ci child>cmdb_ci type>cmdb_rel_type connection_strength percent_outage% port
cmdb_rel_type < : name! parent_descriptor child_descriptor sys_name
cmdb_model < : name! display_name manufacturer>core_company model_number short_description=1000 status#model_status \
 cmdb_model_category=4000 asset_tracking_strategy end_of_support@@ end_of_life@@ \
 barcode comments=4000 cost$ cost_cc=3 upc_number
cmdb_hardware_product_model < cmdb_model : rack_units% power_consumption% device_class
cmdb_software_product_model < cmdb_model : version
cmdb_consumable_product_model < cmdb_model :
cmdb_model_category < : name! asset_class cmdb_ci_class allow_as_master? allow_in_bundle? allow_pre_allocated? \
 enforce_verification? product_model_class
alm_asset < : acquisition_method asset_function asset_tag=40 assigned@ assigned_to>sys_user beneficiary ci>cmdb_ci~ \
 checked_in@ checked_out@ comments=4000 company>core_company cost$ cost_cc=3 cost_center>cmn_cost_center delivery_date@ \
 department>cmn_department depreciated_amount$ depreciation depreciation_date@ display_name~ disposal_reason due@ due_in \
 eligible_for_refresh? expenditure_type gl_account=40 install_date@ install_status#asset_state=40 invoice_number=40 \
 justification=80 lease_id=40 life_cycle_stage life_cycle_stage_status location>cmn_location managed_by>sys_user \
 model>cmdb_model! model_category>cmdb_model_category! old_status old_substatus order_date@ owned_by>sys_user \
 parent>alm_asset po_number=40 pre_allocated? purchase_date@@ quantity% request_line resale_price$ reserved_for>sys_user \
 residual$ residual_date@@ retired@@ retirement_date@@ salvage_value$ serial_number=100 skip_sync? stockroom>alm_stockroom \
 substatus#asset_substate=40 support_group>sys_user_group supported_by>sys_user sys_domain>sys_user_group sys_domain_path \
 vendor>core_company warranty_expiration@@ work_notes=4000
alm_hardware < alm_asset : resold_value$
alm_license < alm_asset : license_key
alm_consumable < alm_asset :
alm_stockroom < : name! location>cmn_location type manager>sys_user
sys_user < : active? avatar building city company>core_company cost_center>cmn_cost_center country=3 date_format \
 department>cmn_department email=100 employee_number=40 enable_multifactor_authn? failed_attempts% first_name=50 gender \
 home_phone=40 internal_integration_user? introduction last_login@@ last_login_time@ last_name=50 \
 location>cmn_location locked_out? manager>sys_user middle_name=50 mobile_phone=40 name~ notification \
 password_needs_reset? phone=40 photo preferred_language roles schedule source state street sys_domain>sys_user_group \
 sys_domain_path time_format time_zone title=60 user_name=40 user_password=100 vip? web_service_access_only? zip=40
sys_user_group < : name! active? description=1000 email=100 manager>sys_user parent>sys_user_group source type
sys_user_has_role < : user>sys_user role>sys_user_role
sys_user_role < : name! description=1000
core_company < : name! apple_icon banner_image canonical? city=50 country contact>sys_user customer? discount% \
 manufacturer? notes=4000 parent>core_company phone=40 primary? publicly_traded? revenue_per_year stock_price \
 stock_symbol state street theme vendor? website=1024 zip=40 hash=40
cmn_location < : name city=40 company>core_company contact>sys_user country=40 full_name latitude% longitude% \
 parent>cmn_location phone=40 state=40 stock_room? street time_zone=40 zip=40 location_id
cmn_department < : name code=40 business_unit company>core_company cost_center>cmn_cost_center dept_head>sys_user \
 description=1000 head_count% id=40 parent>cmn_department primary_contact>sys_user
cmn_cost_center < : name account_number=40 code=40 location>cmn_location manager>sys_user parent>cmn_cost_center valid_from@ \
 valid_to@
sys_object_source < : name source_feed id=255 target_table=80 target_sys_id=32 last_scan@
sys_properties < : name! value=4000 description=1000 type
sys_choice < : name element value label=255 sequence% inactive? language=3
sys_audit < : tablename=80 documentkey=32 fieldname=80 oldvalue=4000 newvalue=4000 user=40 reason record_checkpoint% \
 internal_checkpoint
sys_rate_limit_rules < : name rate_limit% type
task < : number=40 active? approval approval_history approval_set assigned_to>sys_user \
 assignment_group>sys_user_group business_duration business_service>cmdb_ci_service calendar_duration close_notes=4000 \
 closed_at@ closed_by>sys_user cmdb_ci>cmdb_ci comments=4000 comments_and_work_notes=4000 company>core_company \
 contact_type correlation_display correlation_id=100 delivery_plan delivery_task description=4000 due_date@ \
 escalation expected_start@ follow_up@ group_list impact#priority knowledge? location>cmn_location made_sla? \
 opened_at@ opened_by>sys_user order% parent>task priority#priority reassignment_count% rejection_goto short_description=160 \
 sla_due@ state#task_state=40 sys_domain>sys_user_group sys_domain_path time_worked upon_approval upon_reject \
 urgency#priority user_input watch_list wf_activity work_end@ work_notes=4000 work_notes_list work_start@ activity_due@ \
 additional_assignee_list
incident < task : business_stc% calendar_stc% caller_id>sys_user category caused_by child_incidents% close_code \
 hold_reason incident_state#task_state=40 notify parent_incident>incident problem_id>problem reopen_count% \
 resolved_at@ resolved_by>sys_user rfc severity subcategory
problem < task : known_error? major_problem? problem_state related_incidents% work_around=4000
"""

# Field that stands for a record wherever it is referenced.
DISPLAY = {
    "cmdb_ci": "name", "alm_asset": "display_name", "sys_user": "name", "core_company": "name", "cmdb_model": "display_name",
    "cmdb_model_category": "name", "cmn_location": "name", "cmn_department": "name", "cmn_cost_center": "name",
    "sys_user_group": "name", "sys_user_role": "name", "alm_stockroom": "name", "cmdb_rel_type": "name", "task": "number",
    "sys_properties": "name", "cmdb_serial_number": "serial_number",
}  # fmt: skip

LABELS = {
    "alm_asset": "Asset", "alm_hardware": "Hardware", "cmdb_ci": "Configuration Item", "cmdb_ci_computer": "Computer",
    "cmdb_ci_hardware": "Hardware", "cmdb_ci_linux_server": "Linux Server", "cmdb_ci_netgear": "Network Gear",
    "cmdb_ci_printer": "Printer", "cmdb_ci_server": "Server", "cmdb_ci_win_server": "Windows Server", "sys_user": "User",
    "cmdb_ci_ip_switch": "IP Switch", "cmdb_ci_ip_router": "IP Router", "incident": "Incident",
}  # fmt: skip

CHOICES: dict[str, dict[str, str]] = {
    "ci_install_status": {
        "1": "Installed", "2": "On Order", "3": "In Maintenance", "4": "Pending Install", "5": "Pending Repair",
        "6": "In Stock", "7": "Retired", "8": "Stolen", "100": "Absent",
    },
    "operational_status": {
        "1": "Operational", "2": "Non-Operational", "3": "Repair in Progress", "4": "DR Standby", "5": "Ready", "6": "Retired",
    },
    "hardware_status": {
        "installed": "Installed", "on_order": "On order", "in_stock": "In stock", "in_transit": "In transit",
        "in_maintenance": "In maintenance", "retired": "Retired", "stolen": "Stolen", "missing": "Missing",
    },
    "hardware_substatus": {
        "available": "Available", "reserved": "Reserved", "defective": "Defective", "pending_repair": "Pending repair",
        "pending_install": "Pending install", "pending_disposal": "Pending disposal", "pending_transfer": "Pending transfer",
        "pre_allocated": "Pre-allocated", "disposed": "Disposed", "sold": "Sold", "donated": "Donated",
        "vendor_credit": "Vendor credit", "lost": "Lost", "stolen": "Stolen",
    },
    "asset_state": {
        "1": "In use", "2": "On order", "3": "In maintenance", "6": "In stock", "7": "Retired", "8": "Missing", "9": "In transit",
        "10": "Consumed", "11": "Build",
    },
    "asset_substate": {
        "available": "Available", "reserved": "Reserved", "defective": "Defective", "pending_repair": "Pending repair",
        "pending_install": "Pending install", "pending_disposal": "Pending disposal", "pending_transfer": "Pending transfer",
        "pre_allocated": "Pre-allocated", "disposed": "Disposed", "sold": "Sold", "donated": "Donated",
        "vendor_credit": "Vendor credit", "lost": "Lost", "stolen": "Stolen", "pending_retirement": "Pending retirement",
    },
    "model_status": {"In Production": "In Production", "Retired": "Retired", "Sold": "Sold"},
    "priority": {"1": "1 - Critical", "2": "2 - High", "3": "3 - Moderate", "4": "4 - Low", "5": "5 - Planning"},
    "task_state": {"1": "New", "2": "In Progress", "3": "On Hold", "6": "Resolved", "7": "Closed", "8": "Canceled"},
    "discovery_source": {
        name: name
        for name in ("ServiceNow", "ImportSet", "Manual Entry", "Other Automated", "SCCM", "Duplicate", "Altiris", "LANDesk", "Unknown")
    },
}  # fmt: skip

# Dependent classes: identified inside the CI they hang on (docs_cmdb/c_IdentificationRules.md).
DEPENDENT = {"cmdb_ci_network_adapter": "cmdb_ci", "cmdb_ci_disk": "computer", "cmdb_ci_ip_address": "nic"}

# Model categories of the base instance: one per CI class, here those of the hardware classes (product catalogue pages).
MODEL_CATEGORIES = {
    "Computer": "cmdb_ci_computer", "Server": "cmdb_ci_server", "Windows Server": "cmdb_ci_win_server",
    "Linux Server": "cmdb_ci_linux_server", "UNIX Server": "cmdb_ci_unix_server", "ESX Server": "cmdb_ci_esx_server",
    "Network Gear": "cmdb_ci_netgear", "IP Switch": "cmdb_ci_ip_switch", "IP Router": "cmdb_ci_ip_router",
    "IP Firewall": "cmdb_ci_ip_firewall", "Wireless Access Point": "cmdb_ci_wap_network", "Load Balancer": "cmdb_ci_lb",
    "Printer": "cmdb_ci_printer", "Computer Peripheral": "cmdb_ci_peripheral", "Mass Storage Device": "cmdb_ci_msd",
    "Communication Device": "cmdb_ci_comm", "IP Phone": "cmdb_ci_ip_phone", "Display": "cmdb_ci_display_hardware",
    "Handheld Computing": "cmdb_ci_handheld_computing", "UPS": "cmdb_ci_ups", "PDU": "cmdb_ci_pdu",
    "Hardware": "cmdb_ci_hardware", "PC Hardware": "cmdb_ci_pc_hardware",
}  # fmt: skip

RELATION_TYPES = (
    "Depends on::Used by", "Runs on::Runs", "Hosted on::Hosts", "Contains::Contained by", "Owns::Owned by", "Connects to::Connected by",
    "IP Connection::IP Connection", "Virtualized by::Virtualizes", "Cluster of::Cluster", "Members::Member of", "Uses::Used by",
    "Instantiates::Instantiated by", "Powers::Powered by",
)  # fmt: skip
