//! Table: an enum that is made of one row for each variant, so that a new row brings all that is said of it and the compiler
//! names what is missing. `ALL` lists the rows in the order in which they stand.

macro_rules! table {
    (
        $(#[$on_enum:meta])*
        pub enum $Name:ident: $Row:ident {
            $($(#[$on_field:meta])* $field:ident: $Type:ty,)*
        }
        $($(#[$on_variant:meta])* $Variant:ident { $($column:ident: $value:expr),* $(,)? })*
    ) => {
        $(#[$on_enum])*
        pub enum $Name {
            $($(#[$on_variant])* $Variant,)*
        }

        /// What stands in one row of the table.
        struct $Row {
            $($field: $Type,)*
        }

        impl $Name {
            /// Every row, in the table's order.
            pub const ALL: [$Name; [$(stringify!($Variant)),*].len()] = [$($Name::$Variant,)*];

            const fn row(self) -> &'static $Row {
                match self {
                    $($Name::$Variant => const { &$Row { $($column: $value),* } },)*
                }
            }

            $(
                $(#[$on_field])*
                pub const fn $field(self) -> $Type {
                    self.row().$field
                }
            )*
        }
    };
}
